package apigatewayv2

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
)

// GetVpcLinks lists no VPC links: there are no networks to link to.
func (s *Service) GetVpcLinks(context.Context, *apigatewayv2.GetVpcLinksInput) (*apigatewayv2.GetVpcLinksOutput, error) {
	return &apigatewayv2.GetVpcLinksOutput{Items: []types.VpcLink{}}, nil
}
