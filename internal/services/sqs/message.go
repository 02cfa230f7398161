package sqs

import (
	"crypto/md5" //nolint:gosec // the API's checksum
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// separator parts the id of a queue from what is kept under it.
const separator = "/"

// rows selects what is kept of a queue.
func (h *shelf) rows() store.Range {
	return store.Range{Account: h.key.Account, Region: h.key.Region, Prefix: h.id + separator}
}

// row is where a message is kept, in order of sequence.
func (h *shelf) row(seq uint64) store.Key {
	return store.Key{Account: h.key.Account, Region: h.key.Region, ID: fmt.Sprintf("%s%s%020d", h.id, separator, seq)}
}

// attribute is a message attribute.
type attribute struct {
	Type   string
	Text   string `json:",omitempty"`
	Binary []byte `json:",omitempty"`
}

// message is a message as it was sent.
type message struct {
	Seq        uint64
	ID         string
	Body       string
	Attributes map[string]attribute `json:",omitempty"`
	Trace      string               `json:",omitempty"` // AWSTraceHeader
	Sender     string
	Sent       int64
	Visible    int64  `json:",omitempty"` // of a delayed message
	Born       int64  // from when its life counts
	Group      string `json:",omitempty"`
	Duplicate  string `json:",omitempty"` // deduplication id
	From       string `json:",omitempty"` // ARN of the queue whose dead letter it is
}

func (m message) entry() *entry {
	return &entry{seq: m.Seq, group: m.Group, visible: m.Visible, born: m.Born}
}

// flight is how often, first when, and until when a message was received.
type flight struct {
	Received int32
	First    int64
	Visible  int64
}

// duplicate is a message that was sent under a deduplication id.
type duplicate struct {
	ID      string
	Seq     uint64
	Expires int64
}

// readAttributes checks and converts the attributes of a message.
// Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html
func readAttributes(in map[string]types.MessageAttributeValue) (map[string]attribute, int, error) {
	if len(in) > 10 {
		return nil, 0, invalid("Number of message attributes [%d] exceeds the allowed maximum [10].", len(in))
	}
	out := make(map[string]attribute, len(in))
	size := 0
	for name, v := range in {
		kind := aws.ToString(v.DataType)
		base, _, _ := strings.Cut(kind, ".")
		a := attribute{Type: kind, Text: aws.ToString(v.StringValue), Binary: v.BinaryValue}
		if !attributeName(name) {
			return nil, 0, invalid("Message attribute name %q is not valid.", name)
		}
		switch base {
		case "String", "Number":
			if v.StringValue == nil || *v.StringValue == "" || v.BinaryValue != nil {
				return nil, 0, invalid("Message attribute %q must have a value that is not empty and of its type.", name)
			}
			if _, err := strconv.ParseFloat(a.Text, 64); base == "Number" && err != nil {
				return nil, 0, invalid("Can't cast the value of message attribute %q to a number.", name)
			}
			if !characters(a.Text) {
				return nil, 0, invalid("Message attribute %q has characters that are not allowed.", name)
			}
		case "Binary":
			if len(v.BinaryValue) == 0 || v.StringValue != nil {
				return nil, 0, invalid("Message attribute %q must have a value that is not empty and of its type.", name)
			}
		default:
			return nil, 0, invalid("The type of message attribute %q is invalid. You must use only the following supported type prefixes: Binary, Number, String.", name)
		}
		size += len(name) + len(kind) + len(a.Text) + len(a.Binary)
		out[name] = a
	}
	return out, size, nil
}

func attributeName(name string) bool {
	if name == "" || len(name) > 256 || strings.HasPrefix(name, ".") || strings.HasSuffix(name, ".") || strings.Contains(name, "..") {
		return false
	}
	lower := strings.ToLower(name)
	if strings.HasPrefix(lower, "aws.") || strings.HasPrefix(lower, "amazon.") {
		return false
	}
	for _, c := range name {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-' || c == '.') {
			return false
		}
	}
	return true
}

// characters tells text that a message may have: what XML 1.0 has too.
func characters(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	for _, c := range s {
		if c < 0x20 && c != '\t' && c != '\n' && c != '\r' || c == 0xfffe || c == 0xffff {
			return false
		}
	}
	return true
}

func digest(body string) *string {
	sum := md5.Sum([]byte(body)) //nolint:gosec // the API's checksum
	return aws.String(hex.EncodeToString(sum[:]))
}

// digestAttributes is the checksum over attributes in order of name; nil when there are none.
// Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html#sqs-attributes-md5-message-digest-calculation
func digestAttributes(list map[string]attribute) *string {
	if len(list) == 0 {
		return nil
	}
	h := md5.New() //nolint:gosec // the API's checksum
	write := func(b []byte) {
		var n [4]byte
		binary.BigEndian.PutUint32(n[:], uint32(len(b)))
		_, _ = h.Write(n[:])
		_, _ = h.Write(b)
	}
	for _, name := range slices.Sorted(maps.Keys(list)) {
		a := list[name]
		write([]byte(name))
		write([]byte(a.Type))
		if strings.HasPrefix(a.Type, "Binary") {
			_, _ = h.Write([]byte{2})
			write(a.Binary)
		} else {
			_, _ = h.Write([]byte{1})
			write([]byte(a.Text))
		}
	}
	return aws.String(hex.EncodeToString(h.Sum(nil)))
}

// wanted are the attributes that a receiver asks for: by name, all, or all that begin alike ("a.*").
func wanted(list map[string]attribute, names []string) map[string]attribute {
	out := map[string]attribute{}
	for name, a := range list {
		for _, n := range names {
			start, star := strings.CutSuffix(n, ".*")
			if n == "All" || n == name || star && (start == "" || strings.HasPrefix(name, start)) {
				out[name] = a
				break
			}
		}
	}
	return out
}

func (a attribute) value() types.MessageAttributeValue {
	v := types.MessageAttributeValue{DataType: aws.String(a.Type)}
	if strings.HasPrefix(a.Type, "Binary") {
		v.BinaryValue = a.Binary
	} else {
		v.StringValue = aws.String(a.Text)
	}
	return v
}
