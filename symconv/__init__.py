"""symconv: derives, proves, explains and exports the mathematics of convolution layers."""
