package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/spf13/cobra"

	"github.com/atelier-studio/atelier/internal/platform/config"
	"github.com/atelier-studio/atelier/internal/platform/credfile"
)

func account(env Environment) *cobra.Command {
	dir := ""
	c := &cobra.Command{Use: "account", Short: "Make and list accounts"}
	c.PersistentFlags().StringVar(&dir, "data-dir", config.Default().DataDir, "data directory of the server; AWS_ENDPOINT_URL goes before it")
	c.AddCommand(accountCreate(env, &dir), accountList(env, &dir))
	return c
}

// client is a client of the endpoint that the environment names, or else of the server of a data directory.
func client(ctx context.Context, env Environment, dir string) (*organizations.Client, error) {
	cfg, err := clientConfig(ctx, env, dir)
	if err != nil {
		return nil, err
	}
	return organizations.NewFromConfig(cfg), nil
}

// clientConfig is the configuration of such a client.
func clientConfig(ctx context.Context, env Environment, dir string, more ...func(*awsconfig.LoadOptions) error) (aws.Config, error) {
	var options []func(*awsconfig.LoadOptions) error
	if env.Getenv("AWS_ENDPOINT_URL") == "" {
		e, err := credfile.LoadEndpoints(dir)
		if err != nil {
			return aws.Config{}, fmt.Errorf("cannot find a server in %s: %w; start one with atelier serve, or name its --data-dir", dir, err)
		}
		p, err := credfile.Find(credfile.Path(dir), credfile.Default)
		if err != nil {
			return aws.Config{}, err
		}
		options = append(options, awsconfig.WithRegion(e.Region), awsconfig.WithBaseEndpoint(e.Endpoint),
			awsconfig.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(p.AccessKeyID, p.SecretAccessKey, "")))
	}
	return awsconfig.LoadDefaultConfig(ctx, append(options, more...)...)
}

func accountCreate(env Environment, dir *string) *cobra.Command {
	email, role := "", ""
	c := &cobra.Command{
		Use: "create NAME", Short: "Make a member account, and the organization before it", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			ctx := c.Context()
			org, err := client(ctx, env, dataDir(env, c, *dir))
			if err != nil {
				return err
			}
			if email == "" {
				email = args[0] + "@example.com"
			}
			var already *types.AlreadyInOrganizationException
			if _, err := org.CreateOrganization(ctx, &organizations.CreateOrganizationInput{}); err != nil && !errors.As(err, &already) {
				return err
			}
			in := &organizations.CreateAccountInput{AccountName: &args[0], Email: &email}
			if role != "" {
				in.RoleName = &role
			}
			out, err := org.CreateAccount(ctx, in)
			if err != nil {
				return err
			}
			status, err := settled(ctx, org, out.CreateAccountStatus)
			if err != nil {
				return err
			}
			if status.State != types.CreateAccountStateSucceeded {
				return fmt.Errorf("cannot make account %s: %s", args[0], status.FailureReason)
			}
			_, err = fmt.Fprintln(env.Stdout, aws.ToString(status.AccountId))
			return err
		},
	}
	c.Flags().StringVar(&email, "email", "", "email address of the account; NAME@example.com when not given")
	c.Flags().StringVar(&role, "role-name", "", "role that lets the management account in (default OrganizationAccountAccessRole)")
	return c
}

// settled waits for the account: the real AWS takes its time.
func settled(ctx context.Context, org *organizations.Client, s *types.CreateAccountStatus) (*types.CreateAccountStatus, error) {
	for s.State == types.CreateAccountStateInProgress {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(time.Second):
		}
		out, err := org.DescribeCreateAccountStatus(ctx, &organizations.DescribeCreateAccountStatusInput{CreateAccountRequestId: s.Id})
		if err != nil {
			return nil, err
		}
		s = out.CreateAccountStatus
	}
	return s, nil
}

func accountList(env Environment, dir *string) *cobra.Command {
	asJSON := false
	c := &cobra.Command{
		Use: "list", Short: "List the accounts of the organization", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			ctx := c.Context()
			org, err := client(ctx, env, dataDir(env, c, *dir))
			if err != nil {
				return err
			}
			list := []types.Account{}
			for p := organizations.NewListAccountsPaginator(org, &organizations.ListAccountsInput{}); p.HasMorePages(); {
				page, err := p.NextPage(ctx)
				var none *types.AWSOrganizationsNotInUseException
				if errors.As(err, &none) {
					return errors.New("there is no organization yet; atelier account create NAME makes one with its first account")
				}
				if err != nil {
					return err
				}
				list = append(list, page.Accounts...)
			}
			if asJSON {
				e := json.NewEncoder(env.Stdout)
				e.SetIndent("", "  ")
				return e.Encode(list)
			}
			w := tabwriter.NewWriter(env.Stdout, 0, 8, 2, ' ', 0)
			fmt.Fprintln(w, "ID\tNAME\tEMAIL\tSTATUS")
			for _, a := range list {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", aws.ToString(a.Id), aws.ToString(a.Name), aws.ToString(a.Email), a.Status)
			}
			return w.Flush()
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}
