package glue

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/engines/tabular"
	"github.com/atelier-studio/atelier/internal/platform/catalog"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// classifier is a custom classifier as it is kept: one member is set.
type classifier struct{ types.Classifier }

// MarshalJSON leaves out what is not set.
func (c classifier) MarshalJSON() ([]byte, error) { return catalog.Compact(json.Marshal(c.Classifier)) }

// UnmarshalJSON reads it back.
func (c *classifier) UnmarshalJSON(b []byte) error { return json.Unmarshal(b, &c.Classifier) }

func noClassifier(name string) error { return notFound("Classifier %s not found.", name) }

var errNoXML = "XML classifiers are not supported by Atelier: crawlers know CSV, JSON, Parquet and, by grok, lines of text."

// CreateClassifier makes a classifier of CSV, JSON or lines that a grok pattern matches.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_CreateClassifier.html
func (s *Service) CreateClassifier(ctx context.Context, in *glue.CreateClassifierInput) (*glue.CreateClassifierOutput, error) {
	var c classifier
	n := 0
	if r := in.XMLClassifier; r != nil {
		return nil, invalid("%s", errNoXML)
	}
	if r := in.CsvClassifier; r != nil {
		n++
		c.CsvClassifier = &types.CsvClassifier{Name: r.Name, AllowSingleColumn: r.AllowSingleColumn, ContainsHeader: r.ContainsHeader,
			CustomDatatypeConfigured: r.CustomDatatypeConfigured, CustomDatatypes: r.CustomDatatypes, Delimiter: r.Delimiter,
			DisableValueTrimming: r.DisableValueTrimming, Header: r.Header, QuoteSymbol: r.QuoteSymbol, Serde: r.Serde}
	}
	if r := in.JsonClassifier; r != nil {
		n++
		c.JsonClassifier = &types.JsonClassifier{Name: r.Name, JsonPath: r.JsonPath}
	}
	if r := in.GrokClassifier; r != nil {
		n++
		c.GrokClassifier = &types.GrokClassifier{Name: r.Name, Classification: r.Classification, CustomPatterns: r.CustomPatterns, GrokPattern: r.GrokPattern}
	}
	if n != 1 {
		return nil, invalid("Exactly one classifier has to be given.")
	}
	c.stamp(wire.CallOf(ctx).Time, true)
	if _, err := c.tabular(); err != nil {
		return nil, err
	}
	err := s.Store.Update(ctx, func(tx *store.Tx) error {
		return taken(s.crawlers.classifiers.Insert(tx, within(ctx, c.name()), c), exists("Classifier %s already exists.", c.name()))
	})
	if err != nil {
		return nil, err
	}
	return &glue.CreateClassifierOutput{}, nil
}

func (c classifier) name() string {
	switch {
	case c.CsvClassifier != nil:
		return *c.CsvClassifier.Name
	case c.JsonClassifier != nil:
		return *c.JsonClassifier.Name
	}
	return *c.GrokClassifier.Name
}

// stamp counts a version.
func (c *classifier) stamp(now time.Time, made bool) {
	touch := func(created, changed **time.Time, version *int64) {
		if *changed = &now; made {
			*created = &now
		}
		*version++
	}
	switch {
	case c.CsvClassifier != nil:
		touch(&c.CsvClassifier.CreationTime, &c.CsvClassifier.LastUpdated, &c.CsvClassifier.Version)
	case c.JsonClassifier != nil:
		touch(&c.JsonClassifier.CreationTime, &c.JsonClassifier.LastUpdated, &c.JsonClassifier.Version)
	case c.GrokClassifier != nil:
		touch(&c.GrokClassifier.CreationTime, &c.GrokClassifier.LastUpdated, &c.GrokClassifier.Version)
	}
}

// customTypes are the names of the types that a CSV classifier may give.
var customTypes = map[string]tabular.Kind{"BINARY": tabular.Binary, "BOOLEAN": tabular.Boolean, "DATE": tabular.Date, "DOUBLE": tabular.Double,
	"FLOAT": tabular.Float, "INT": tabular.Int, "LONG": tabular.BigInt, "SHORT": tabular.SmallInt, "STRING": tabular.String, "TIMESTAMP": tabular.Timestamp}

// tabular makes the engine's classifier, or tells what is wrong with this one.
func (c classifier) tabular() (tabular.Classifier, error) {
	switch {
	case c.JsonClassifier != nil:
		p, err := tabular.ParsePath(*c.JsonClassifier.JsonPath)
		if err != nil {
			return nil, invalid("JsonPath %s cannot be used: %v.", *c.JsonClassifier.JsonPath, err)
		}
		return tabular.JSONClassifier{Path: p}, nil
	case c.GrokClassifier != nil:
		g, err := tabular.NewGrok(*c.GrokClassifier.Classification, *c.GrokClassifier.GrokPattern, aws.ToString(c.GrokClassifier.CustomPatterns))
		if err != nil {
			return nil, invalid("GrokPattern cannot be used: %v.", err)
		}
		return g, nil
	}
	in := c.CsvClassifier
	out := tabular.CSVClassifier{Columns: in.Header, Single: aws.ToBool(in.AllowSingleColumn), KeepSpace: aws.ToBool(in.DisableValueTrimming)}
	for _, one := range []struct {
		what string
		from *string
		to   *byte
	}{{"Delimiter", in.Delimiter, &out.Delimiter}, {"QuoteSymbol", in.QuoteSymbol, &out.Quote}} {
		text := aws.ToString(one.from)
		if text == "" {
			continue
		}
		if len(text) > 1 {
			return nil, invalid("%s has to be one character of ASCII.", one.what)
		}
		*one.to = text[0]
	}
	if out.Delimiter != 0 && out.Delimiter == out.Quote {
		return nil, invalid("QuoteSymbol must be different from Delimiter.")
	}
	switch in.ContainsHeader {
	case types.CsvHeaderOptionPresent:
		out.Header = tabular.Present
	case types.CsvHeaderOptionAbsent:
		out.Header = tabular.Absent
	}
	if aws.ToBool(in.CustomDatatypeConfigured) {
		for _, name := range in.CustomDatatypes {
			kind, ok := customTypes[strings.ToUpper(name)]
			switch {
			case strings.EqualFold(name, "DECIMAL"):
				out.Types = append(out.Types, tabular.DecimalOf(38, 18))
			case ok:
				out.Types = append(out.Types, tabular.Of(kind))
			default:
				return nil, invalid("%s is not a custom datatype.", name)
			}
		}
	}
	return out, nil
}

// checkClassifiers refuses classifiers that are not there.
func (s *Service) checkClassifiers(ctx context.Context, tx *store.Tx, names []string) error {
	for _, n := range names {
		if _, err := s.crawlers.classifiers.Get(tx, within(ctx, n)); err != nil {
			return absent(err, noClassifier(n))
		}
	}
	return nil
}

// own reads the crawler's classifiers; one that was deleted is left out.
func (x *crawling) own(ctx context.Context) (out []classifier, err error) {
	err = x.s.Store.View(ctx, func(tx *store.Tx) error {
		for _, name := range x.c.Classifiers {
			k := x.w.Key
			k.ID = name
			c, err := x.s.crawlers.classifiers.Get(tx, k)
			if err == nil {
				out = append(out, c)
			} else if absent(err, nil) != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

func (x *crawling) classifiers(ctx context.Context) (out []tabular.Classifier, err error) {
	list, err := x.own(ctx)
	for _, c := range list {
		t, err := c.tabular()
		if err != nil {
			return nil, fault{said(err)}
		}
		out = append(out, t)
	}
	return out, err
}

// writer describes tables, with the SerDe that a classifier of CSV asks for.
func (x *crawling) writer(ctx context.Context) (writer, error) {
	list, err := x.own(ctx)
	return writer{*x.c.Name, func(s *tabular.Schema) types.CsvSerdeOption {
		for _, c := range list {
			if in := c.CsvClassifier; in != nil && (aws.ToString(in.Delimiter) == "" || *in.Delimiter == string(rune(s.Delimiter))) {
				return in.Serde
			}
		}
		return ""
	}}, err
}
