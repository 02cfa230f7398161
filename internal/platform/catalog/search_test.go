package catalog

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

func TestShelfFindsWhatDigestsSay(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	words := []string{"orders", "order", "de", "sales", "Ähre", "x", "2024", "orders_2024", "\"q\""}
	say := func(n int) *string {
		var list []string
		for range r.IntN(n) {
			list = append(list, words[r.IntN(len(words))])
		}
		return aws.String(strings.Join(list, " "))
	}
	s, all := newShelf(), map[string]*Digest{}
	for i := range 4000 {
		id := fmt.Sprintf("%d\x1f%03d", r.IntN(2), r.IntN(300))
		if r.IntN(3) == 0 {
			s.remove(id)
			delete(all, id)
			continue
		}
		d := DigestOf(id, &types.Table{Name: aws.String(fmt.Sprint("t", i)), Description: say(4), StorageDescriptor: &types.StorageDescriptor{
			Columns: []types.Column{{Name: say(2), Comment: say(3)}}}})
		s.set(d)
		all[id] = d
		text, within := aws.ToString(say(3)), []string{"", "0\x1f", "1\x1f0"}[r.IntN(3)]
		if r.IntN(3) == 0 {
			text = `"` + text + `"`
		}
		n, last := 0, ""
		s.search(within, text, func(d *Digest) {
			if d.ID <= last || all[d.ID] != d || !strings.HasPrefix(d.ID, within) || !d.says(text) {
				t.Fatalf("%q in %q found %q", text, within, d.ID)
			}
			n, last = n+1, d.ID
		})
		for id, d := range all {
			if strings.HasPrefix(id, within) && d.says(text) {
				n--
			}
		}
		if n != 0 {
			t.Fatalf("step %d: %q in %q missed %d", i, text, within, -n)
		}
	}
	if len(s.starts) > 3*len(s.list)+2048 {
		t.Errorf("%d words for %d tables", len(s.starts), len(s.list))
	}
}

func TestDigest(t *testing.T) {
	d := DigestOf("x", &types.Table{Name: aws.String("customer-link"), Description: aws.String("All\nOrders"), Parameters: map[string]string{"Class": "CSV file"},
		PartitionKeys: []types.Column{{Name: aws.String("day")}}})
	says := func(text string, found, beside bool) {
		t.Helper()
		if f, b := d.Says(text); f != found || b != beside {
			t.Errorf("%q: %v %v", text, f, b)
		}
	}
	says("", true, true)
	says("LINK", true, true)
	says("day", true, false)
	says("link day", true, false)
	says("night", false, false)
	says(`"day"`, true, false)
	says(`"customer-link"`, true, true)
	says(`"customer"`, false, false)
	says(`"all orders"`, true, true)
	has := func(attribute, value string, want bool) {
		t.Helper()
		if d.Has(attribute, value) != want {
			t.Errorf("%s %s", attribute, value)
		}
	}
	has("Name", "link", true)
	has("name", "customer-link", true)
	has("name", "lin", false)
	has("class", "csv", true)
	has("description", "customer", false)
}
