package codec

import "io"

// EventReader reads the events of a streamed request.
type EventReader struct {
	svc    *Service
	stream *slot
	body   io.ReadCloser
	xml    bool
}

func (s *Service) newEventReader(stream *slot, body io.ReadCloser, xml bool) *EventReader {
	return &EventReader{svc: s, stream: stream, body: body, xml: xml}
}
