package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"time"
)

// Events returns the check of the events that follow the request: each is signed together with the signature before it.
// The returned function is for one reader at a time.
// Source: https://docs.aws.amazon.com/transcribe/latest/dg/streaming-setting-up.html
func (s *Signature) Events(secret string) func(date time.Time, signature, payload []byte) error {
	previous := s.Value
	return func(date time.Time, signature, payload []byte) error {
		date = date.UTC()
		day := date.Format("20060102")
		header := append([]byte{5}, ":date"...) // the only header that is signed, as it stands in the event
		header = append(header, 8)
		header = binary.BigEndian.AppendUint64(header, uint64(date.UnixMilli()))
		h, p := sha256.Sum256(header), sha256.Sum256(payload)
		text := algorithm + "-PAYLOAD\n" + date.Format(timeFormat) + "\n" + day + "/" + s.Region + "/" + s.Service +
			"/aws4_request\n" + previous + "\n" + hex.EncodeToString(h[:]) + "\n" + hex.EncodeToString(p[:])
		if !hmac.Equal(sign(signingKey(secret, day, s.Region, s.Service), text), signature) {
			return mismatch()
		}
		previous = hex.EncodeToString(signature)
		return nil
	}
}
