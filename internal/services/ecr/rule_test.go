package ecr

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestApply removes what rules do not keep. Images are named by their digest; one is pushed each day, the last today.
func TestApply(t *testing.T) {
	now := time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC)
	list := []picture{
		{Digest: "a", Tags: []string{"prod-1", "latest"}}, {Digest: "b"}, {Digest: "c", Tags: []string{"dev-1"}}, {Digest: "d", Tags: []string{"dev-2", "rc"}},
		{Digest: "e"}, {Digest: "f", Tags: []string{"prod-2"}}, {Digest: "g", Tags: []string{"index"}, Children: []string{"b"}},
	}
	for i := range list {
		list[i].Pushed = now.AddDate(0, 0, i-len(list)+1)
	}
	list[2].Pulled = now
	rule := func(priority int, selection string) string {
		return fmt.Sprintf(`{"rulePriority":%d,"selection":{%s},"action":{"type":"expire"}}`, priority, selection)
	}
	f := func(want string, rules ...string) {
		t.Helper()
		parsed, err := readRules(`{"rules":[` + strings.Join(rules, ",") + `]}`)
		if err != nil {
			t.Error(err)
			return
		}
		var got []string
		for _, d := range apply(parsed, list, now) {
			got = append(got, fmt.Sprint(d.Digest, d.Rule))
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("%v: got %s, want %s", rules, s, want)
		}
	}
	count := func(n int) string { return fmt.Sprintf(`,"countType":"imageCountMoreThan","countNumber":%d`, n) }
	age := func(n int) string {
		return fmt.Sprintf(`,"countType":"sinceImagePushed","countUnit":"days","countNumber":%d`, n)
	}
	f("a1 c1 d1 e1", rule(1, `"tagStatus":"any"`+count(2))) // b is part of an index
	f("", rule(1, `"tagStatus":"untagged"`+count(1)))       // b is, e is the one that stays
	f("c1", rule(1, `"tagStatus":"tagged","tagPrefixList":["dev"]`+count(1)))
	f("", rule(1, `"tagStatus":"tagged","tagPrefixList":["dev","prod"]`+count(1))) // none has both
	f("a1", rule(1, `"tagStatus":"tagged","tagPatternList":["*-1","la*st"]`+age(3)))
	f("a1 c1 d1", rule(1, `"tagStatus":"tagged","tagPatternList":["*-*"]`+age(2)))
	f("a1", rule(1, `"tagStatus":"any"`+age(5)))
	f("a2 c1", rule(2, `"tagStatus":"any"`+age(5)), rule(1, `"tagStatus":"tagged","tagPrefixList":["dev"]`+count(1)))
	f("c1 e2", rule(2, `"tagStatus":"untagged"`+age(1)), rule(1, `"tagStatus":"tagged","tagPrefixList":["dev"]`+count(1)))
	f("d1", rule(1, `"tagStatus":"tagged","tagPrefixList":["dev"],"countType":"sinceImagePulled","countUnit":"days","countNumber":2`))
}

func TestRulesRefused(t *testing.T) {
	for _, text := range []string{``, `{}`, `{"rules":[]}`, `{"rules":[{"rulePriority":1}]}`, `{"rules":[{"rulePriority":1,"unknown":1}]}`,
		`{"rules":[{"rulePriority":0,"selection":{"tagStatus":"any","countType":"imageCountMoreThan","countNumber":1},"action":{"type":"expire"}}]}`,
		`{"rules":[{"rulePriority":1,"selection":{"tagStatus":"any","countType":"imageCountMoreThan","countNumber":0},"action":{"type":"expire"}}]}`,
		`{"rules":[{"rulePriority":1,"selection":{"tagStatus":"any","countType":"imageCountMoreThan","countNumber":1},"action":{"type":"keep"}}]}`,
		`{"rules":[{"rulePriority":1,"selection":{"tagStatus":"tagged","countType":"imageCountMoreThan","countNumber":1},"action":{"type":"expire"}}]}`,
		`{"rules":[{"rulePriority":1,"selection":{"tagStatus":"any","countType":"sinceImagePushed","countNumber":1},"action":{"type":"expire"}}]}`,
		`{"rules":[{"rulePriority":1,"selection":{"tagStatus":"any","countType":"imageCountMoreThan","countNumber":1},"action":{"type":"expire"}},
			{"rulePriority":2,"selection":{"tagStatus":"untagged","countType":"imageCountMoreThan","countNumber":1},"action":{"type":"expire"}}]}`} {
		if _, err := readRules(text); err == nil {
			t.Errorf("%s is taken", text)
		}
	}
}

func FuzzManifest(f *testing.F) {
	digest := "sha256:" + strings.Repeat("a", 64)
	f.Add(`{"schemaVersion":2,"config":{"mediaType":"x","digest":"`+digest+`","size":1},"layers":[]}`, ociManifest)
	f.Add(`{"schemaVersion":2,"manifests":[{"digest":"`+digest+`"}]}`, "")
	f.Fuzz(func(t *testing.T, text, mediaType string) {
		m, err := readManifest([]byte(text), mediaType)
		if err != nil {
			return
		}
		for _, d := range append(m.parts(), m.Manifests...) {
			if len(d.Digest) != len(digest) {
				t.Errorf("digest %q", d.Digest)
			}
		}
	})
}

func FuzzRules(f *testing.F) {
	f.Add(`{"rules":[{"rulePriority":1,"selection":{"tagStatus":"tagged","tagPatternList":["a*b"],"countType":"imageCountMoreThan","countNumber":1},"action":{"type":"expire"}}]}`)
	f.Fuzz(func(_ *testing.T, text string) {
		if rules, err := readRules(text); err == nil {
			apply(rules, []picture{{Digest: "a", Tags: []string{"axb"}}, {Digest: "b"}}, time.Now())
		}
	})
}

func FuzzStanzas(f *testing.F) {
	f.Add([]byte("Package: a\nVersion: 1\n\nPackage: b\n"))
	f.Fuzz(func(_ *testing.T, b []byte) { stanzas(b, "deb", "Package", "Version") })
}
