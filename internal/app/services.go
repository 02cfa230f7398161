package app

import (
	"net/http"
	"path/filepath"

	"github.com/atelier-studio/atelier/internal/lake"
	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/catalog"
	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/platform/delivery"
	"github.com/atelier-studio/atelier/internal/platform/foundation"
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/resource"
	"github.com/atelier-studio/atelier/internal/platform/sharing"
	"github.com/atelier-studio/atelier/internal/services/apigatewayv2"
	"github.com/atelier-studio/atelier/internal/services/applicationautoscaling"
	"github.com/atelier-studio/atelier/internal/services/athena"
	"github.com/atelier-studio/atelier/internal/services/bedrock"
	"github.com/atelier-studio/atelier/internal/services/bedrockruntime"
	"github.com/atelier-studio/atelier/internal/services/cloudformation"
	"github.com/atelier-studio/atelier/internal/services/cloudwatch"
	"github.com/atelier-studio/atelier/internal/services/ecr"
	"github.com/atelier-studio/atelier/internal/services/eventbridge"
	"github.com/atelier-studio/atelier/internal/services/glue"
	"github.com/atelier-studio/atelier/internal/services/iam"
	"github.com/atelier-studio/atelier/internal/services/lakeformation"
	"github.com/atelier-studio/atelier/internal/services/lambda"
	"github.com/atelier-studio/atelier/internal/services/lambda/sandbox"
	"github.com/atelier-studio/atelier/internal/services/logs"
	"github.com/atelier-studio/atelier/internal/services/organizations"
	"github.com/atelier-studio/atelier/internal/services/ram"
	"github.com/atelier-studio/atelier/internal/services/sagemaker"
	"github.com/atelier-studio/atelier/internal/services/scheduler"
	"github.com/atelier-studio/atelier/internal/services/sns"
	"github.com/atelier-studio/atelier/internal/services/sqs"
	"github.com/atelier-studio/atelier/internal/services/ssm"
	"github.com/atelier-studio/atelier/internal/services/sts"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
)

// services builds what speaks through the chain, in order of name. A service that has a method Run(ctx) is run in the
// background; one that has Pages serves them beside the API.
func (s *Server) services(directory *identity.Directory, c clock.Clock) []wire.Service {
	st, log := s.store, s.cfg.Logger
	clients := func(p authz.Principal, region string) aws.Config { return s.chain.AWSConfig(p, region) }
	outward := delivery.NewOutward(s.cfg.DeliverToLoopback == "true")
	tables := catalog.New(st)
	shares := sharing.New(sharing.Config{Store: st, Directory: directory, Clock: c})
	ledger := governance.New(governance.Config{Store: st, Directory: directory, Reach: shares, Clock: c})
	files := lake.New(lake.Config{Store: st, Directory: directory, Ledger: ledger, Catalog: tables, Clients: clients, Clock: c,
		Objects: filepath.Join(s.cfg.DataDir, "s3", "buckets")})
	shelf := foundation.New(st)
	sage := sagemaker.New(sagemaker.Config{Store: st, Directory: directory, Jobs: s.jobs, Desk: s.desk, Clients: s.clients, Metrics: s.metrics,
		Lines: s.logs, Fleet: s.fleet, Trainer: s.trainer, Catalog: tables, Dir: filepath.Join(s.cfg.DataDir, "sagemaker"), Clock: c, Logger: log})
	list := []wire.Service{
		applicationautoscaling.New(applicationautoscaling.Config{Store: st, Directory: directory, Desk: s.desk, Clients: s.clients,
			Dimensions: applicationautoscaling.Dimensions(), Clock: c, Logger: log}),
		apigatewayv2.New(apigatewayv2.Config{Store: st, Directory: directory, Clients: s.clients, Caller: s.caller, Logs: s.logs, Metrics: s.metrics,
			Loopback: s.cfg.DeliverToLoopback == "true", URL: s.URL(), Clock: c, Logger: log}),
		athena.New(athena.Config{Store: st, Directory: directory, Ledger: ledger, Catalog: tables, Jobs: s.jobs, Clients: clients, Clock: c,
			Engine: s.athena, Lake: files, Dir: filepath.Join(s.cfg.DataDir, "athena")}),
		cloudwatch.New(cloudwatch.Config{Store: st, Metrics: s.metrics, Desk: s.desk, Clients: s.clients, Clock: c, Logger: log}),
		bedrock.New(bedrock.Config{Store: st, Shelf: shelf, Library: s.models, Clients: s.clients, Jobs: s.jobs, Clock: c,
			Dir: filepath.Join(s.cfg.DataDir, "bedrock")}),
		bedrockruntime.New(bedrockruntime.Config{Store: st, Shelf: shelf, Library: s.models, Clients: s.clients, Jobs: s.jobs, Lines: s.logs,
			Metrics: s.metrics, Clock: c, Logger: log}),
		ecr.New(ecr.Config{Store: st, Directory: directory, Jobs: s.jobs, Clock: c, Logger: log, Dir: filepath.Join(s.cfg.DataDir, "ecr"),
			Region: s.cfg.Region}),
		eventbridge.New(eventbridge.Config{Store: st, Directory: directory, Desk: s.desk, Clients: s.clients, Outward: outward, Jobs: s.jobs, Metrics: s.metrics, Clock: c,
			Logger: log}),
		glue.New(glue.Config{Store: st, Directory: directory, Ledger: ledger, Catalog: tables, Jobs: s.jobs, Clients: clients,
			Engine: s.sql, Lake: files, Clock: c, Logger: log}),
		iam.New(iam.Config{Directory: directory, Clock: c}),
		lakeformation.New(lakeformation.Config{Store: st, Directory: directory, Ledger: ledger, Catalog: tables, Sharing: shares, Clients: clients,
			Clock: c}),
		lambda.New(lambda.Config{Store: st, Directory: directory, Desk: s.desk, Clients: s.clients, As: clients, Caller: s.caller, Jobs: s.jobs, Logs: s.logs,
			Metrics: s.metrics, Clock: c, Logger: log, Dir: filepath.Join(s.cfg.DataDir, "lambda", "code"),
			Sandbox: sandbox.New(sandbox.Config{Driver: s.compute, Dir: runtimesDir(s.cfg.DataDir, s.cfg.RuntimesDir),
				Layers: filepath.Join(s.cfg.DataDir, "lambda", "layers"), Endpoint: http.HandlerFunc(s.inward), Clock: c})}),
		logs.New(logs.Config{Store: st, Jobs: s.jobs, Desk: s.desk, Clients: s.clients, Metrics: s.metrics, Clock: c, Logger: log,
			Dir: filepath.Join(s.cfg.DataDir, "logs")}),
		organizations.New(organizations.Config{Directory: directory, Clock: c}),
		ram.New(ram.Config{Store: st, Directory: directory, Sharing: shares, Catalog: tables, Clock: c, Logger: log}),
		sage,
		sage.Records(),
		sage.Runtime(),
		scheduler.New(scheduler.Config{Store: st, Directory: directory, Desk: s.desk, Clients: s.clients, Clock: c, Logger: log}),
		sns.New(sns.Config{Store: st, Directory: directory, Desk: s.desk, Clients: s.clients, Outward: outward, Metrics: s.metrics, Mail: s.cfg.Mail, Clock: c, Logger: log}),
		sqs.New(sqs.Config{Store: st, Jobs: s.jobs, Metrics: s.metrics, Clock: c}),
		ssm.New(ssm.Config{Store: st, Directory: directory, Clock: c}),
		sts.New(sts.Config{Directory: directory, Clock: c}),
	}
	stacks := cloudformation.New(cloudformation.Config{Store: st, Directory: directory, Jobs: s.jobs, Desk: s.desk, As: clients, Inward: sandbox.Address, Clock: c,
		Logger: log})
	stacks.Define(s.s3.Stack())
	for _, service := range list {
		if p, ok := service.(interface{ Stack() []resource.Type }); ok { // what templates make of it
			stacks.Define(p.Stack())
		}
	}
	return append(list, stacks)
}

// caller tells who signed a request to a site.
func (s *Server) caller(r *http.Request, service string, body []byte) (authz.Principal, error) {
	return s.chain.Caller(r, service, body)
}

// inward answers what runs in sandboxes, as if it were another machine: it is code of users.
func (s *Server) inward(w http.ResponseWriter, r *http.Request) {
	r.RemoteAddr = "0.0.0.0:0"
	s.http.Handler.ServeHTTP(w, r)
}
