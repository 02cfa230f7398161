package arn

import (
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]ARN{
		"arn:aws:iam::111122223333:role/path/name":   {"aws", "iam", "", "111122223333", "role/path/name"},
		"arn:aws:s3:::bucket/a:b":                    {"aws", "s3", "", "", "bucket/a:b"},
		"arn:aws-cn:sqs:cn-north-1:1:q":              {"aws-cn", "sqs", "cn-north-1", "1", "q"},
		"arn:aws:sts::111122223333:assumed-role/r/s": {"aws", "sts", "", "111122223333", "assumed-role/r/s"},
	} {
		got, err := Parse(text)
		if err != nil || got != want || got.String() != text {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "arn", "arn:aws:iam::1", "arn:aws:iam::1:", "arn::iam::1:r", "arn:aws:::1:r", "ARN:aws:iam::1:r", " arn:aws:iam::1:r"} {
		if a, err := Parse(text); err == nil {
			t.Errorf("%q was read as %+v", text, a)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"arn:aws:iam::111122223333:role/x", "arn:aws:s3:::b/k", "arn:::::", "", "arn:a:b:c:d:e:f"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := Parse(s)
		if err != nil {
			if a != (ARN{}) {
				t.Fatalf("error with a value: %+v", a)
			}
			return
		}
		if a.String() != s || !strings.HasPrefix(s, "arn:") || a.Resource == "" {
			t.Fatalf("%q became %+v", s, a)
		}
	})
}
