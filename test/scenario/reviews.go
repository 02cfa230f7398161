package scenario

import (
	"encoding/csv"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"github.com/atelier-studio/atelier/test/conformance/harness"
)

// Review is a sentence about a film: of those who liked it when its label is "1", else "0".
type Review struct{ Text, Label string }

// LoadReviews reads the reviews that lie in shared/data/reviews.csv beside the checkout: real ones of the "sentence polarity dataset v1.0"
// (Pang and Lee, ACL 2005), shuffled. Where they are not at hand it makes some of the same form, always the same.
func LoadReviews() ([]Review, error) {
	b, err := os.ReadFile(filepath.Join(harness.Root(), "..", "shared", "data", "reviews.csv"))
	if _, missing := err.(*fs.PathError); missing {
		return madeUpReviews(), nil
	}
	if err != nil {
		return nil, err
	}
	rows, err := csv.NewReader(strings.NewReader(string(b))).ReadAll()
	if err != nil {
		return nil, err
	}
	var out []Review
	for _, row := range rows[1:] {
		if len(row) != 3 {
			return nil, fmt.Errorf("a review of %d columns", len(row))
		}
		out = append(out, Review{Text: row[1], Label: row[2]})
	}
	return out, nil
}

// madeUpReviews are sentences whose words hint at their label.
func madeUpReviews() []Review {
	r := rand.New(rand.NewPCG(2005, 6))
	out := make([]Review, 10_000)
	for i := range out {
		label := r.IntN(2)
		words := make([]string, 10+r.IntN(20))
		for j := range words {
			n := int(min(r.ExpFloat64()*300, 5000))
			if words[j] = fmt.Sprintf("word%d", n); n%10 == 0 {
				words[j] = fmt.Sprintf("word%d", n+(label+b2i(r.IntN(4) == 0))%2)
			}
		}
		out[i] = Review{Text: strings.Join(words, " "), Label: fmt.Sprint(label)}
	}
	return out
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// FastText writes reviews as lines of fastText.
func FastText(reviews []Review) string {
	var b strings.Builder
	for _, r := range reviews {
		fmt.Fprintf(&b, "__label__%s %s\n", r.Label, r.Text)
	}
	return b.String()
}
