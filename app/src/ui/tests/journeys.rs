//! What can be done in the window, and what must come of it.
