// Package applicationautoscaling_test drives Application Auto Scaling with boto3 and the Go SDK.
package applicationautoscaling_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/atelier-studio/atelier/test/conformance/harness"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
)

func TestPython(t *testing.T) {
	s := harness.Start(t)
	harness.Tell(t, harness.Must(s.Admin(t.Context()))(t), "applicationautoscaling.py")
}

// TestRefused names what Atelier has not, and what the caller may not.
func TestRefused(t *testing.T) {
	s := harness.Start(t)
	client := applicationautoscaling.NewFromConfig(harness.Must(s.Admin(t.Context()))(t).Config())
	_, err := client.RegisterScalableTarget(t.Context(), &applicationautoscaling.RegisterScalableTargetInput{ServiceNamespace: "ecs",
		ScalableDimension: "ecs:service:DesiredCount", ResourceId: aws.String("service/c/s"), MinCapacity: aws.Int32(1), MaxCapacity: aws.Int32(2)})
	var invalid *types.ValidationException
	if !errors.As(err, &invalid) || !strings.Contains(*invalid.Message, "ecs:service:DesiredCount of ecs is not implemented by Atelier") {
		t.Errorf("got %v", err)
	}
	_, err = client.GetPredictiveScalingForecast(t.Context(), &applicationautoscaling.GetPredictiveScalingForecastInput{})
	if err == nil {
		t.Error("a forecast was made")
	}
	// Who may register targets needs the right to make the service-linked role.
	user := harness.Must(s.User(t.Context(), s.Root(), "scaler", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"application-autoscaling:*","Resource":"*"}]}`))(t)
	_, err = applicationautoscaling.NewFromConfig(user.Config()).RegisterScalableTarget(t.Context(), &applicationautoscaling.RegisterScalableTargetInput{
		ServiceNamespace: "lambda", ScalableDimension: types.ScalableDimensionLambdaFunctionProvisionedConcurrency, ResourceId: aws.String("function:f:live"),
		MinCapacity: aws.Int32(0), MaxCapacity: aws.Int32(2)})
	if err == nil || !strings.Contains(err.Error(), "iam:CreateServiceLinkedRole") {
		t.Errorf("got %v", err)
	}
}
