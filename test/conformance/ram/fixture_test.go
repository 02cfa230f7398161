// Package ram_test drives RAM with the Go SDK and boto3.
package ram_test

import (
	"context"
	"errors"
	"testing"

	"github.com/atelier-studio/atelier/test/conformance/harness"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/ram"
	"github.com/aws/aws-sdk-go-v2/service/ram/types"
	"github.com/aws/smithy-go"
)

// fixture is a server with a producer and a consumer, and a catalog of the producer's.
type fixture struct {
	t                    *testing.T
	ctx                  context.Context
	server               *harness.Server
	producer, consumer   harness.Caller
	p, c                 *ram.Client
	database, table, all string // ARNs
}

func open(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{t: t, ctx: t.Context(), server: harness.Start(t)}
	f.producer = harness.Must(f.server.Account(f.ctx, "producer"))(t)
	f.consumer = harness.Must(f.server.Account(f.ctx, "consumer"))(t)
	f.p, f.c = ram.NewFromConfig(f.producer.Config()), ram.NewFromConfig(f.consumer.Config())
	f.catalog()
	return f
}

func (f *fixture) catalog() {
	f.t.Helper()
	g := glue.NewFromConfig(f.producer.Config())
	if _, err := g.CreateDatabase(f.ctx, &glue.CreateDatabaseInput{DatabaseInput: &gluetypes.DatabaseInput{Name: aws.String("sales")}}); err != nil {
		f.t.Fatal(err)
	}
	for _, name := range []string{"orders", "returns"} {
		if _, err := g.CreateTable(f.ctx, &glue.CreateTableInput{DatabaseName: aws.String("sales"), TableInput: &gluetypes.TableInput{Name: &name}}); err != nil {
			f.t.Fatal(err)
		}
	}
	prefix := "arn:aws:glue:" + harness.Region + ":" + f.producer.Account + ":"
	f.database, f.table, f.all = prefix+"database/sales", prefix+"table/sales/orders", prefix+"table/sales/*"
}

// fails holds an error to a code.
func (f *fixture) fails(what string, err error, code string) {
	f.t.Helper()
	var e smithy.APIError
	if !errors.As(err, &e) || e.ErrorCode() != code {
		f.t.Errorf("%s: %v, want %s", what, err, code)
	}
}

func must[T any](f *fixture, out T, err error) T {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
	return out
}

// share makes a share of the producer's.
func (f *fixture) share(name string, resources, principals []string) string {
	f.t.Helper()
	out, err := f.p.CreateResourceShare(f.ctx, &ram.CreateResourceShareInput{Name: &name, ResourceArns: resources, Principals: principals})
	return *must(f, out, err).ResourceShare.ResourceShareArn
}

// invitation is the consumer's to a share.
func (f *fixture) invitation(share string) types.ResourceShareInvitation {
	f.t.Helper()
	out, err := f.c.GetResourceShareInvitations(f.ctx, &ram.GetResourceShareInvitationsInput{ResourceShareArns: []string{share}})
	if list := must(f, out, err).ResourceShareInvitations; len(list) != 1 {
		f.t.Fatalf("invitations to %s: %+v", share, list)
	}
	return out.ResourceShareInvitations[0]
}

// seen is how many resources reach the consumer by a share; -1 when it doesn't see the share.
func (f *fixture) seen(share string) int {
	f.t.Helper()
	out, err := f.c.ListResources(f.ctx, &ram.ListResourcesInput{ResourceOwner: types.ResourceOwnerOtherAccounts, ResourceShareArns: []string{share}})
	var unknown *types.UnknownResourceException
	if errors.As(err, &unknown) {
		return -1
	}
	return len(must(f, out, err).Resources)
}
