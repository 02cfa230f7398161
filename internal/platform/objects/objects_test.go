package objects

import (
	"errors"
	"io/fs"
	"testing"
)

func TestDocuments(t *testing.T) {
	b, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer b.Shutdown()
	if _, err := Open(t.TempDir()); err == nil {
		t.Error("a second backend was opened")
	}
	if _, err := b.Document("first", "policy"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing document: %v", err)
	}
	large := make([]byte, 20<<10)
	if err := b.PutDocument("first", "policy", large); err != nil {
		t.Fatal(err)
	}
	if got, err := b.Document("first", "policy"); err != nil || len(got) != len(large) {
		t.Errorf("read %d bytes, %v", len(got), err)
	}
	for _, bucket := range []string{"..", ".", "", "a/b", "../first"} {
		if b.PutDocument(bucket, "policy", large) == nil {
			t.Errorf("bucket %q was taken", bucket)
		}
	}
	if err := b.PutDocument("first", "policy", make([]byte, MaxDocument+1)); err == nil {
		t.Error("a document above the limit was taken")
	}
}
