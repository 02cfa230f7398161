package sagemaker

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"

	"github.com/atelier-studio/atelier/internal/platform/store"
)

// TestDeletedWhileDeployed deletes an endpoint between the beginning and the end of its deployment, and wants nothing of it to serve.
func TestDeletedWhileDeployed(t *testing.T) {
	f := open(t)
	d := &deployment{ID: newID(), Config: "c", Variants: []variant{{Model: model{In: sagemaker.CreateModelInput{ExecutionRoleArn: &f.role}}, Weight: 1,
		Of: types.ProductionVariant{VariantName: aws.String("V"), ModelName: aws.String("m"), ServerlessConfig: &types.ProductionVariantServerlessConfig{MemorySizeInMB: aws.Int32(1024),
			MaxConcurrency: aws.Int32(1)}}}}}
	e := endpoint{Status: types.EndpointStatusCreating, Next: d}
	f.ok(f.Store.Update(f.ctx, func(tx *store.Tx) error { return f.endpoints.Put(tx, f.key, e) }))
	_, err := f.DeleteEndpoint(f.ctx, &sagemaker.DeleteEndpointInput{EndpointName: &f.key.ID})
	f.ok(err)
	f.ok(f.remove(f.ctx, f.key))
	f.ok(f.bring(f.ctx, deployInput{Key: f.key, Deployment: d.ID}, e))
	if f.Fleet.Serves(fleetKey(f.key)) {
		t.Error("an endpoint that is deleted serves")
	}
}
