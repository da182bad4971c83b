"""What TensorFlow and Keras answer, and whether gradtape.tf answers the same.

A case is a function of the module `tf`, written once in TensorFlow's spelling and run under both.
``python -m compat`` runs all of them under TensorFlow and writes the answers to `compat/answers`;
the tests hold gradtape.tf against these files, and so need no TensorFlow.
"""
