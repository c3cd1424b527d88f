"""What a network is: its architecture, its parameters as one flat vector with named views, and the
reference forward and backward pass in NumPy, on arrays of shape (features, examples)."""
