package credfile

import (
	"os"
	"path/filepath"
	"testing"
)

func TestPutKeepsOthersAndReplacesItsOwn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "credentials")
	put := func(p Profile) {
		t.Helper()
		if err := Put(path, p); err != nil {
			t.Fatal(err)
		}
	}
	put(Profile{Name: "default", AccessKeyID: "AKIA1", SecretAccessKey: "s1", Region: "us-east-1"})
	put(Profile{Name: "sales", RoleARN: "arn:aws:iam::1:role/R", SourceProfile: "default"})
	put(Profile{Name: "default", AccessKeyID: "AKIA2", SecretAccessKey: "s2"})

	all, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 2 || all[0].AccessKeyID != "AKIA2" || all[0].Region != "" || all[1].RoleARN != "arn:aws:iam::1:role/R" {
		t.Fatalf("profiles = %+v", all)
	}
	st, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if st.Mode().Perm() != 0o600 {
		t.Errorf("mode = %v, want 0600", st.Mode().Perm())
	}
	if _, err := Find(path, "nobody"); err == nil {
		t.Error("found a profile that is not there")
	}
	if err := Put(path, Profile{Name: "a]\n[b"}); err == nil {
		t.Error("a profile's name broke out of its section")
	}
}

func TestParseTakesWhatPeopleWrite(t *testing.T) {
	got := parse([]byte("# a note\n; another\nstray = 1\n[ p ]\nAWS_ACCESS_KEY_ID=AKIA\naws_secret_access_key = a=b \nunknown = x\n"))
	if len(got) != 1 || got[0] != (Profile{Name: "p", AccessKeyID: "AKIA", SecretAccessKey: "a=b"}) {
		t.Fatalf("got %+v", got)
	}
}

func TestEndpoints(t *testing.T) {
	dir := t.TempDir()
	if _, err := LoadEndpoints(dir); err == nil {
		t.Error("endpoints of a server that never started")
	}
	want := Endpoints{Endpoint: "http://127.0.0.1:1", EndpointS3: "http://127.0.0.1:2", Region: "us-east-1"}
	if err := PutEndpoints(dir, want); err != nil {
		t.Fatal(err)
	}
	got, err := LoadEndpoints(dir)
	if err != nil || got != want {
		t.Fatalf("got %+v, %v", got, err)
	}
}
