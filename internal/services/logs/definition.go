package logs

import (
	"context"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/logs/insights"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/google/uuid"
)

// definition is a query that is kept. Its row has its id.
type definition struct{ types.QueryDefinition }

// PutQueryDefinition keeps a query, or changes one.
// Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutQueryDefinition.html
func (s *Service) PutQueryDefinition(ctx context.Context, in *cloudwatchlogs.PutQueryDefinitionInput) (*cloudwatchlogs.PutQueryDefinitionOutput, error) {
	if in.QueryLanguage != "" && in.QueryLanguage != types.QueryLanguageCwli {
		return nil, invalid("Query language %s is not implemented by Atelier.", in.QueryLanguage)
	}
	if len(in.Parameters) > 0 {
		return nil, invalid("Parameters of query definitions are not implemented by Atelier.")
	}
	if _, err := insights.Parse(*in.QueryString, 0); err != nil {
		return nil, invalid("The query is not valid: %v", err)
	}
	d := definition{types.QueryDefinition{Name: in.Name, QueryString: in.QueryString, LogGroupNames: in.LogGroupNames, LastModified: aws.Int64(s.now()),
		QueryLanguage: types.QueryLanguageCwli, QueryDefinitionId: in.QueryDefinitionId}}
	var out *cloudwatchlogs.PutQueryDefinitionOutput
	err := s.Store.Update(ctx, func(tx *store.Tx) (err error) {
		out, err = wire.Once(ctx, s.tokens, tx, in.ClientToken, in, func() (*cloudwatchlogs.PutQueryDefinitionOutput, error) {
			if in.QueryDefinitionId != nil {
				if _, err := s.definitions.Get(tx, here(ctx, *in.QueryDefinitionId)); absent(err) {
					return nil, missing("Query definition does not exist.")
				} else if err != nil {
					return nil, err
				}
			} else {
				d.QueryDefinitionId = aws.String(uuid.NewString())
			}
			return &cloudwatchlogs.PutQueryDefinitionOutput{QueryDefinitionId: d.QueryDefinitionId}, s.definitions.Put(tx, here(ctx, *d.QueryDefinitionId), d)
		})
		if err == wire.ErrTokenReused {
			err = invalid("The client token was used with other parameters.")
		}
		return err
	})
	return out, err
}

// DeleteQueryDefinition forgets a query.
func (s *Service) DeleteQueryDefinition(ctx context.Context, in *cloudwatchlogs.DeleteQueryDefinitionInput) (*cloudwatchlogs.DeleteQueryDefinitionOutput, error) {
	err := s.Store.Update(ctx, func(tx *store.Tx) error { return s.definitions.Delete(tx, here(ctx, *in.QueryDefinitionId)) })
	if absent(err) {
		return nil, missing("Query definition does not exist.")
	}
	if err != nil {
		return nil, err
	}
	return &cloudwatchlogs.DeleteQueryDefinitionOutput{Success: true}, nil
}

// DescribeQueryDefinitions lists the queries that are kept.
func (s *Service) DescribeQueryDefinitions(ctx context.Context, in *cloudwatchlogs.DescribeQueryDefinitionsInput) (*cloudwatchlogs.DescribeQueryDefinitionsOutput, error) {
	at := here(ctx, "")
	var all []types.QueryDefinition
	err := s.Store.View(ctx, func(tx *store.Tx) error {
		rows, err := s.definitions.List(tx, store.Range{Account: at.Account, Region: at.Region})
		for _, r := range rows {
			if strings.HasPrefix(*r.Value.Name, aws.ToString(in.QueryDefinitionNamePrefix)) {
				all = append(all, r.Value.QueryDefinition)
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	out := &cloudwatchlogs.DescribeQueryDefinitionsOutput{}
	out.QueryDefinitions, out.NextToken, err = page(ctx, all, func(d types.QueryDefinition) string { return *d.QueryDefinitionId }, in.MaxResults, 1000, in.NextToken)
	return out, err
}
