package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// country is whose order lines C may see.
const country = "United Kingdom"

// orders are 10,000 order lines of a shop as CSV files under year=/month=/day=, made by a generator that always makes the same. seen is the
// quantity of the lines that C may see.
func orders() (files map[string]string, lines, visible, seen int) {
	r := rand.New(rand.NewPCG(2010, 12))
	countries := []string{country, country, country, country, "Germany", "France", "EIRE", "Norway"}
	files = map[string]string{}
	for day := 1; day <= 5; day++ {
		var b strings.Builder
		b.WriteString("order_id,product_id,description,quantity,order_time,unit_price,customer_id,country\n")
		for n := range 2000 {
			quantity, from := 1+r.IntN(24), countries[r.IntN(len(countries))]
			fmt.Fprintf(&b, "%d,%d,\"PRODUCT, NO. %d\",%d,2010-12-%02d %02d:%02d:00,%d.%02d,%d,%s\n", 536365+(day*2000+n)/7, 20000+r.IntN(3000), r.IntN(400), quantity,
				day, 8+n/200%10, n%60, r.IntN(20), r.IntN(100), 12000+r.IntN(6000), from)
			if lines++; from == country {
				visible++
				seen += quantity
			}
		}
		files[fmt.Sprintf("year=2010/month=12/day=%02d/orders.csv", day)] = b.String()
	}
	return files, lines, visible, seen
}
