package glue

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/atelier-studio/atelier/internal/services/glue/layout"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// s3Place is a bucket and what keys in it begin with.
type s3Place struct{ Bucket, Prefix string }

func parsePlace(path *string) (s3Place, error) {
	p := aws.ToString(path)
	for _, scheme := range []string{"s3://", "s3a://", "s3n://"} {
		if rest, ok := strings.CutPrefix(p, scheme); ok {
			bucket, prefix, _ := strings.Cut(rest, "/")
			if bucket == "" {
				break
			}
			return s3Place{bucket, prefix}, nil
		}
	}
	return s3Place{}, invalid("The path %s is not one of the form s3://bucket/prefix.", p)
}

func (p s3Place) url(key string) string { return "s3://" + p.Bucket + "/" + key }

// checkTargets refuses targets that cannot be crawled.
func checkTargets(c *crawler) error {
	t := c.Targets
	for _, kind := range []struct {
		name string
		n    int
	}{{"JdbcTargets", len(t.JdbcTargets)}, {"DynamoDBTargets", len(t.DynamoDBTargets)}, {"MongoDBTargets", len(t.MongoDBTargets)},
		{"DeltaTargets", len(t.DeltaTargets)}, {"HudiTargets", len(t.HudiTargets)}, {"IcebergTargets", len(t.IcebergTargets)}} {
		if kind.n > 0 {
			return invalid("%s are not supported by Atelier: crawlers take S3Targets and CatalogTargets.", kind.name)
		}
	}
	switch {
	case len(t.S3Targets)+len(t.CatalogTargets) == 0:
		return invalid("At least one target must be specified.")
	case len(t.S3Targets) > 0 && len(t.CatalogTargets) > 0:
		return invalid("CatalogTargets cannot be combined with other targets.")
	case len(t.S3Targets) > 0 && aws.ToString(c.DatabaseName) == "":
		return invalid("DatabaseName must be specified for S3Targets.")
	case len(t.CatalogTargets) > 0 && c.SchemaChangePolicy.DeleteBehavior != types.DeleteBehaviorLog:
		return invalid("The SchemaChangePolicy of a crawler of CatalogTargets can have only LOG as its DeleteBehavior.")
	}
	for _, s := range t.S3Targets {
		if _, err := parsePlace(s.Path); err != nil {
			return err
		}
		if s.ConnectionName != nil && *s.ConnectionName != "" {
			return invalid("ConnectionName of an S3Target is not supported by Atelier: there are no VPC connections.")
		}
		if n := aws.ToInt32(s.SampleSize); s.SampleSize != nil && (n < 1 || n > 249) {
			return invalid("SampleSize must be between 1 and 249.")
		}
		if _, err := layout.ParseExclusions(s.Exclusions); err != nil {
			return invalid("The Exclusions of %s cannot be used: %v.", aws.ToString(s.Path), err)
		}
	}
	for _, t := range t.CatalogTargets {
		if len(t.Tables) == 0 {
			return invalid("Tables of a CatalogTarget must be specified.")
		}
		if aws.ToString(t.ConnectionName) != "" {
			return invalid("ConnectionName of a CatalogTarget is not supported by Atelier: there are no VPC connections.")
		}
	}
	return checkRecrawl(c)
}

func checkRecrawl(c *crawler) error {
	if c.RecrawlPolicy.RecrawlBehavior != types.RecrawlBehaviorCrawlNewFoldersOnly {
		return nil
	}
	if p := c.SchemaChangePolicy; p.UpdateBehavior != types.UpdateBehaviorLog || p.DeleteBehavior != types.DeleteBehaviorLog {
		return invalid(`The SchemaChangePolicy for "Crawl new folders only" Amazon S3 target can have only LOG DeleteBehavior value and LOG UpdateBehavior value.`)
	}
	if len(c.Targets.CatalogTargets) > 0 {
		return invalid("CRAWL_NEW_FOLDERS_ONLY is not supported for CatalogTargets.")
	}
	return nil
}

// configuration is what of a crawler's Configuration counts.
// Source: https://docs.aws.amazon.com/glue/latest/dg/crawler-configuration.html
type configuration struct {
	Version       json.Number
	CrawlerOutput struct {
		Partitions struct{ AddOrUpdateBehavior string }
		Tables     struct {
			AddOrUpdateBehavior string
			TableThreshold      int
		}
	}
	Grouping struct {
		TableGroupingPolicy     string
		TableLevelConfiguration int
	}
	CreatePartitionIndex *bool
}

func readConfiguration(text *string) (c configuration, err error) {
	if aws.ToString(text) == "" {
		return c, nil
	}
	refused := func(format string, args ...any) (configuration, error) {
		return c, invalid("The Configuration is not valid: %s.", fmt.Sprintf(format, args...))
	}
	if err := json.Unmarshal([]byte(*text), &c); err != nil {
		return refused("it is not a JSON document of the form that Glue documents")
	}
	if v := c.Version.String(); v != "1.0" && v != "1" {
		return refused("Version must be 1.0")
	}
	switch v := c.CrawlerOutput.Partitions.AddOrUpdateBehavior; v {
	case "", "InheritFromTable":
	default:
		return refused("AddOrUpdateBehavior of Partitions cannot be %s", v)
	}
	switch v := c.CrawlerOutput.Tables.AddOrUpdateBehavior; v {
	case "", "MergeNewColumns":
	default:
		return refused("AddOrUpdateBehavior of Tables cannot be %s", v)
	}
	switch v := c.Grouping.TableGroupingPolicy; v {
	case "", "CombineCompatibleSchemas":
	default:
		return refused("TableGroupingPolicy cannot be %s", v)
	}
	if c.Grouping.TableLevelConfiguration < 0 || c.CrawlerOutput.Tables.TableThreshold < 0 {
		return refused("numbers must not be below 0")
	}
	return c, nil
}

func (c configuration) layout() layout.Options {
	return layout.Options{Level: c.Grouping.TableLevelConfiguration, Combine: c.Grouping.TableGroupingPolicy != ""}
}

// listensTo are the buckets whose events a crawler waits for.
func (c crawler) listensTo() (out []string) {
	if c.RecrawlPolicy == nil || c.RecrawlPolicy.RecrawlBehavior != types.RecrawlBehaviorCrawlEventMode {
		return nil
	}
	for _, t := range c.Targets.S3Targets {
		if p, err := parsePlace(t.Path); err == nil {
			out = append(out, p.Bucket)
		}
	}
	return out
}
