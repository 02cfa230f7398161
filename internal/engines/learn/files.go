package learn

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// Files lists the regular files of a channel, in the order of their paths. Names that begin with a dot are left out. Links are
// not followed.
func (c Channel) Files() ([]string, error) {
	var files []string
	err := filepath.WalkDir(c.Dir, func(p string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && d.Name()[0] != '.' {
			files = append(files, p)
		}
		return err
	})
	slices.Sort(files)
	return files, err
}

// Each opens the files of a channel one after the other. A channel without files, or that is missing, is a *ClientError.
func (c Channels) Each(name string, read func(file string, r io.Reader) error) error {
	channel, ok := c[name]
	if !ok {
		return ClientErrorf("Unable to initialize the algorithm. Failed to validate input data configuration. (caused by ValidationError)\n\nCaused by: '%s' is a required property", name)
	}
	files, err := channel.Files()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if len(files) == 0 {
		return ClientErrorf("No data was found in channel '%s'. Please ensure that there is at least one record", name)
	}
	for _, p := range files {
		if err := each(p, read); err != nil {
			return err
		}
	}
	return nil
}

func each(p string, read func(file string, r io.Reader) error) error {
	f, err := os.Open(p)
	if err != nil {
		return err
	}
	defer f.Close()
	return read(filepath.Base(p), f)
}

// ReadBody reads a request up to a limit of bytes.
func ReadBody(in io.Reader, limit int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(in, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = TooLarge(limit)
	}
	return b, err
}
