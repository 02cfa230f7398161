package tabular

// allocError is thrown by an allocator that was asked for too much.
type allocError struct{ error }
