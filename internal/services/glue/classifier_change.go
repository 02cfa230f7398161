package glue

import (
	"context"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

func (s *Service) classifierNamed(ctx context.Context, tx *store.Tx, name string) (classifier, error) {
	c, err := s.crawlers.classifiers.Get(tx, within(ctx, name))
	return c, absent(err, noClassifier(name))
}

// GetClassifier describes a classifier.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_GetClassifier.html
func (s *Service) GetClassifier(ctx context.Context, in *glue.GetClassifierInput) (*glue.GetClassifierOutput, error) {
	out := &glue.GetClassifierOutput{}
	err := s.Store.View(ctx, func(tx *store.Tx) error {
		c, err := s.classifierNamed(ctx, tx, *in.Name)
		out.Classifier = &c.Classifier
		return err
	})
	return out, err
}

// GetClassifiers describes all classifiers.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_GetClassifiers.html
func (s *Service) GetClassifiers(ctx context.Context, in *glue.GetClassifiersInput) (*glue.GetClassifiersOutput, error) {
	list, token, err := pages(ctx, s, s.crawlers.classifiers, in.NextToken, in.MaxResults,
		func(_ string, c classifier) *types.Classifier { return &c.Classifier })
	return &glue.GetClassifiersOutput{Classifiers: list, NextToken: token}, err
}

// UpdateClassifier changes what is given of a classifier, whose kind stays.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_UpdateClassifier.html
func (s *Service) UpdateClassifier(ctx context.Context, in *glue.UpdateClassifierInput) (*glue.UpdateClassifierOutput, error) {
	name := ""
	switch {
	case in.XMLClassifier != nil:
		return nil, invalid("%s", errNoXML)
	case in.CsvClassifier != nil && in.JsonClassifier == nil && in.GrokClassifier == nil:
		name = *in.CsvClassifier.Name
	case in.JsonClassifier != nil && in.CsvClassifier == nil && in.GrokClassifier == nil:
		name = *in.JsonClassifier.Name
	case in.GrokClassifier != nil && in.CsvClassifier == nil && in.JsonClassifier == nil:
		name = *in.GrokClassifier.Name
	default:
		return nil, invalid("Exactly one classifier has to be given.")
	}
	err := s.Store.Update(ctx, func(tx *store.Tx) error {
		c, err := s.classifierNamed(ctx, tx, name)
		if err != nil {
			return err
		}
		if (in.CsvClassifier != nil) != (c.CsvClassifier != nil) || (in.JsonClassifier != nil) != (c.JsonClassifier != nil) {
			return invalid("Classifier %s is of another kind.", name)
		}
		c.change(in)
		if _, err := c.tabular(); err != nil {
			return err
		}
		c.stamp(wire.CallOf(ctx).Time, false)
		return s.crawlers.classifiers.Put(tx, within(ctx, name), c)
	})
	if err != nil {
		return nil, err
	}
	return &glue.UpdateClassifierOutput{}, nil
}

func (c *classifier) change(in *glue.UpdateClassifierInput) {
	if r := in.JsonClassifier; r != nil {
		set(&c.JsonClassifier.JsonPath, r.JsonPath)
	}
	if r := in.GrokClassifier; r != nil {
		g := c.GrokClassifier
		set(&g.Classification, r.Classification)
		set(&g.GrokPattern, r.GrokPattern)
		set(&g.CustomPatterns, r.CustomPatterns)
	}
	r := in.CsvClassifier
	if r == nil {
		return
	}
	v := c.CsvClassifier
	set(&v.AllowSingleColumn, r.AllowSingleColumn)
	set(&v.CustomDatatypeConfigured, r.CustomDatatypeConfigured)
	set(&v.Delimiter, r.Delimiter)
	set(&v.DisableValueTrimming, r.DisableValueTrimming)
	set(&v.QuoteSymbol, r.QuoteSymbol)
	if r.ContainsHeader != "" {
		v.ContainsHeader = r.ContainsHeader
	}
	if r.Serde != "" {
		v.Serde = r.Serde
	}
	if r.Header != nil {
		v.Header = r.Header
	}
	if r.CustomDatatypes != nil {
		v.CustomDatatypes = r.CustomDatatypes
	}
}

// DeleteClassifier removes a classifier. Crawlers that name it go on without.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_DeleteClassifier.html
func (s *Service) DeleteClassifier(ctx context.Context, in *glue.DeleteClassifierInput) (*glue.DeleteClassifierOutput, error) {
	err := s.Store.Update(ctx, func(tx *store.Tx) error {
		return absent(s.crawlers.classifiers.Delete(tx, within(ctx, *in.Name)), noClassifier(*in.Name))
	})
	if err != nil {
		return nil, err
	}
	return &glue.DeleteClassifierOutput{}, nil
}
