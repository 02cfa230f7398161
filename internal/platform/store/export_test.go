package store

import "context"

// SetSchemaVersion makes a database look as if another version of the program had written it.
func SetSchemaVersion(cfg Config, version int) error {
	s, err := Open(context.Background(), cfg)
	if err != nil {
		return err
	}
	defer s.Close()
	return s.Update(context.Background(), func(tx *Tx) error {
		_, err := tx.c.change(`UPDATE schema_version SET version = ?`, version)
		return err
	})
}
