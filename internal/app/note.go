package app

import "github.com/atelier-studio/atelier/internal/platform/credfile"

// DataDir is the absolute path of the data directory.
func (s *Server) DataDir() string { return s.cfg.DataDir }

// Note writes the root key and the server's address into the data directory, where the command line finds them.
func (s *Server) Note() error {
	e := credfile.Endpoints{Endpoint: s.URL(), Region: s.cfg.Region}
	if s.cfg.S3Listen != "" {
		e.EndpointS3 = "http://" + s.cfg.S3Listen
	}
	if err := credfile.PutEndpoints(s.cfg.DataDir, e); err != nil {
		return err
	}
	if s.root.AccessKeyID == "" {
		return nil // the root key was deleted: what the file says is no longer ours to know
	}
	return credfile.Put(credfile.Path(s.cfg.DataDir), credfile.Profile{Name: credfile.Default, Region: s.cfg.Region,
		AccessKeyID: s.root.AccessKeyID, SecretAccessKey: s.root.SecretAccessKey})
}
