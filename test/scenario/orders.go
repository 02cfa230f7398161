// Package scenario holds what the flows of the seed, played end to end by real clients, have in common.
package scenario

import (
	"encoding/csv"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/atelier-studio/atelier/test/conformance/harness"
)

// Orders are order lines of a shop as CSV files under year=/month=/day=: path to content.
type Orders map[string][]byte

// LoadOrders reads the order lines that lie in shared/data/orders beside the checkout: real ones of UCI's "Online Retail"
// (Chen, 2015, CC BY 4.0). Where they are not at hand it makes some of the same form, always the same.
func LoadOrders() (Orders, error) {
	out := Orders{}
	root := filepath.Join(harness.Root(), "..", "shared", "data", "orders")
	if _, err := os.Stat(root); err != nil {
		return madeUp(), nil
	}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		out[filepath.ToSlash(name)] = b
		return err
	})
	return out, err
}

func madeUp() Orders {
	r := rand.New(rand.NewPCG(2010, 12))
	countries := []string{"United Kingdom", "United Kingdom", "United Kingdom", "Germany", "France", "EIRE", "Norway"}
	out := Orders{}
	for day := 1; day <= 5; day++ {
		var b strings.Builder
		b.WriteString("order_id,product_id,description,quantity,order_time,unit_price,customer_id,country\n")
		for n := range 500 {
			fmt.Fprintf(&b, "%d,%d,\"PRODUCT, NO. %d\",%d,2010-12-%02d %02d:%02d:00,%d.%02d,%d,%s\n", 536365+n/7, 20000+r.IntN(3000), r.IntN(400), 1+r.IntN(24),
				day, 8+n/60%10, n%60, r.IntN(20), r.IntN(100), 12000+r.IntN(6000), countries[r.IntN(len(countries))])
		}
		out[fmt.Sprintf("year=2010/month=12/day=%02d/orders.csv", day)] = []byte(b.String())
	}
	return out
}

// Sums adds up quantity by country, of the lines for which keep says so.
func (o Orders) Sums(keep func(country string) bool) (map[string]int, error) {
	out := map[string]int{}
	for path, b := range o {
		rows, err := csv.NewReader(strings.NewReader(string(b))).ReadAll()
		if err != nil {
			return nil, fmt.Errorf("cannot read %s: %w", path, err)
		}
		for _, row := range rows[1:] {
			n, err := strconv.Atoi(row[3])
			if err != nil {
				return nil, fmt.Errorf("cannot read %s: %w", path, err)
			}
			if country := row[7]; keep(country) {
				out[country] += n
			}
		}
	}
	return out, nil
}
