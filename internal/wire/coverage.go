package wire

import (
	"fmt"
	"slices"

	"github.com/atelier-studio/atelier/internal/wire/facts"
)

// Coverage says what of a service is served.
type Coverage struct {
	Service string   // as its facts are named
	Title   string   // the API's own id: "IAM"
	Served  []string // operations, sorted
	Missing []string // operations of the API that are answered with NotImplemented, sorted
}

// Coverage lists every service that has facts, but for S3, which answers for itself.
func (c *Chain) Coverage() ([]Coverage, error) {
	var list []Coverage
	for _, e := range c.router.all {
		f, err := facts.Load(e.Name)
		if err != nil {
			return nil, err
		}
		v := Coverage{Service: e.Name, Title: e.ServiceID}
		for name := range f.Operations {
			if e.ops[name] != nil {
				v.Served = append(v.Served, name)
			} else {
				v.Missing = append(v.Missing, name)
			}
		}
		slices.Sort(v.Served)
		slices.Sort(v.Missing)
		list = append(list, v)
	}
	return list, nil
}

// Check compiles every operation now and tells which types don't fit the facts. Requests compile on first use; this is for
// tests.
func (c *Chain) Check() error {
	for _, e := range c.router.all {
		if e.service == nil {
			continue
		}
		s, err := e.codec()
		if err != nil {
			return err
		}
		if err := s.Check(); err != nil {
			return fmt.Errorf("cannot serve %s: %w", e.Name, err)
		}
	}
	return nil
}

func (c *Chain) check() error {
	if c.cfg.Directory == nil || c.cfg.Clock == nil || c.cfg.Logger == nil || c.cfg.S3 == nil {
		return fmt.Errorf("cannot build the chain: directory, clock, logger and S3 are needed")
	}
	return nil
}
