"""``python -m gradtape.tf SCRIPT.py``: run a TensorFlow program as written, on gradtape."""

from gradtape.tf.serving.command import main

if __name__ == "__main__":
    main()
