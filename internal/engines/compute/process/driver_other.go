//go:build !linux

package process

import (
	"context"
	"fmt"

	"github.com/atelier-studio/atelier/internal/engines/compute"
)

// Driver says on other systems than Linux that it cannot run programs.
type Driver struct{}

// New makes a driver.
func New(Config) (*Driver, error) { return &Driver{}, nil }

// Start fails: what a program must not reach cannot be kept from it here.
func (d *Driver) Start(context.Context, compute.Spec) (compute.Process, error) {
	return nil, fmt.Errorf("cannot run a program in a sandbox: %w: this needs Linux", compute.ErrUnsupported)
}

// Close does nothing.
func (d *Driver) Close() {}

// Probe says what is missing.
func Probe() Report { return Report{reason: "this needs Linux"} }
