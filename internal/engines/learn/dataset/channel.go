package dataset

import (
	"fmt"
	"io"

	"github.com/atelier-studio/atelier/internal/engines/learn"
)

// Channel reads all rows of a channel, which may take so many bytes of memory. What is wrong with the data is a
// *learn.ClientError in the words of the algorithms' containers.
func Channel(channels learn.Channels, name string, o Options, memory int64) (*Rows, error) {
	all := &Rows{}
	kind := channels[name].ContentType
	err := channels.Each(name, func(file string, r io.Reader) error {
		left := memory - all.Bytes()
		body, err := io.ReadAll(io.LimitReader(r, left/4+1))
		if err != nil {
			return fmt.Errorf("cannot read %s: %w", file, err)
		}
		if int64(len(body)) > left/4 {
			return learn.ClientErrorf("The data of channel '%s' needs more than the %d MB of memory that there are for it", name, memory>>20)
		}
		rows, err := Read(kind, body, o)
		if err == nil {
			err = all.Append(rows)
		}
		if err != nil {
			return learn.ClientErrorf("Unable to read data channel '%s'. Requested content-type is '%s'. Please verify the data matches the requested content-type.\n\nCaused by: %s: %v",
				name, kind, file, err)
		}
		return nil
	})
	return all, err
}

// Request reads the rows of a request that must be of a width. What is wrong with it is a *learn.RequestError.
func Request(contentType string, in io.Reader, width int, limit int64) (*Rows, error) {
	body, err := learn.ReadBody(in, limit)
	if err != nil {
		return nil, err
	}
	rows, err := Read(contentType, body, Options{})
	switch {
	case err != nil:
		return nil, learn.BadRequestf("Unable to read the request of content-type '%s': %v", contentType, err)
	case rows.Width != width && !(rows.Sparse() && rows.Width < width):
		return nil, learn.BadRequestf("The request's rows have %d features where the model has %d", rows.Width, width)
	}
	return rows, nil
}
