// Package builtin lists the built-in algorithms.
package builtin

import (
	"github.com/atelier-studio/atelier/internal/engines/learn"
	"github.com/atelier-studio/atelier/internal/engines/learn/blazingtext"
)

// Find gives an algorithm by its name in image names.
func Find(name string, limits learn.Limits) (learn.Algorithm, bool) {
	switch name {
	case "blazingtext":
		return blazingtext.New(limits), true
	}
	return nil, false
}
