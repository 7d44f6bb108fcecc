//! Every line of section 1.4.
