package process

// Config is what the driver needs.
type Config struct {
	// Dir is the driver's own directory; one server at a time uses it.
	Dir string
	// Prepared is how many sandboxes are kept ready; 0 is 2, below 0 none.
	Prepared int
}
