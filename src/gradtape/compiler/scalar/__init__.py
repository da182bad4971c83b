"""Operations on one number, or on a vector of them, in LLVM's words."""
