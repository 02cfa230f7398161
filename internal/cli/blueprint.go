package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"

	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/atelier-studio/atelier/blueprints"
	"github.com/atelier-studio/atelier/internal/blueprint"
	"github.com/atelier-studio/atelier/internal/platform/config"
)

// reach is where the blueprint commands call, by flags.
type reach struct {
	env                            Environment
	dir, endpoint, region, profile string
}

func blueprintCommand(env Environment) *cobra.Command {
	r := &reach{env: env}
	c := &cobra.Command{Use: "blueprint", Short: "Deploy inference: list, show, deploy, status, outputs, update, delete",
		Long: "Deploy inference in four ways, as CloudFormation stacks, on this server or on AWS.\n\nThe endpoint is --endpoint-url, or AWS_ENDPOINT_URL, or else the server of the data directory. With\n" +
			"--profile it is what the profile says: AWS, as a rule."}
	f := c.PersistentFlags()
	f.StringVar(&r.dir, "data-dir", config.Default().DataDir, "data directory of the server, when nothing else names an endpoint")
	f.StringVar(&r.endpoint, "endpoint-url", "", "endpoint to call")
	f.StringVar(&r.region, "region", "", "region")
	f.StringVar(&r.profile, "profile", "", "profile of the AWS configuration")
	c.AddCommand(r.list(), r.show(), r.deploy(), r.status(), r.outputs(), r.update(), r.delete())
	return c
}

func (r *reach) client(c *cobra.Command) (*blueprint.Client, error) {
	var options []func(*awsconfig.LoadOptions) error
	if r.region != "" {
		options = append(options, awsconfig.WithRegion(r.region))
	}
	if r.endpoint == "" && r.profile == "" {
		cfg, err := clientConfig(c.Context(), r.env, dataDir(r.env, c, r.dir), options...)
		if err != nil {
			return nil, err
		}
		return blueprint.NewClient(cfg), nil
	}
	if r.endpoint != "" {
		options = append(options, awsconfig.WithBaseEndpoint(r.endpoint))
	}
	if r.profile != "" {
		options = append(options, awsconfig.WithSharedConfigProfile(r.profile))
	}
	cfg, err := awsconfig.LoadDefaultConfig(c.Context(), options...)
	if err != nil {
		return nil, err
	}
	if cfg.BaseEndpoint == nil && r.env.Getenv("AWS_ENDPOINT_URL") != "" {
		cfg.BaseEndpoint = new(string)
		*cfg.BaseEndpoint = r.env.Getenv("AWS_ENDPOINT_URL")
	}
	return blueprint.NewClient(cfg), nil
}

// stack finds one.
func (r *reach) stack(c *cobra.Command, name string) (*blueprint.Client, *blueprint.Stack, error) {
	client, err := r.client(c)
	if err != nil {
		return nil, nil, err
	}
	s, err := client.Stack(c.Context(), name)
	return client, s, err
}

// live does what takes a while, and shows how far it is. The first Ctrl-C ends what it waits for.
func (r *reach) live(c *cobra.Command, f func(ctx context.Context, board *blueprint.Board) error) error {
	ctx, stop := signal.NotifyContext(c.Context(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	board := blueprint.NewBoard(r.env.Stdout, terminal(r.env.Stdout))
	defer board.Close()
	return f(ctx, board)
}

// terminal tells the size of a terminal, and nil for what is none.
func terminal(w io.Writer) func() (int, int) {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return nil
	}
	return func() (int, int) {
		width, height, err := term.GetSize(int(f.Fd()))
		if err != nil {
			return 80, 24
		}
		return width, height
	}
}

func (r *reach) printJSON(v any) error {
	e := json.NewEncoder(r.env.Stdout)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

func (r *reach) list() *cobra.Command {
	deployed := false
	c := &cobra.Command{Use: "list", Short: "List the blueprints, or with --deployed their stacks", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			w := tabwriter.NewWriter(r.env.Stdout, 0, 8, 2, ' ', 0)
			if !deployed {
				for _, b := range blueprints.All() {
					about, err := blueprint.Description(b.Template)
					if err != nil {
						return err
					}
					fmt.Fprintf(w, "%s\t%s\n", b.Name, about)
				}
				return w.Flush()
			}
			client, err := r.client(c)
			if err != nil {
				return err
			}
			stacks, err := client.Deployed(c.Context())
			if err != nil {
				return err
			}
			fmt.Fprintln(w, "STACK\tBLUEPRINT\tSTATUS\tAPI")
			for _, s := range stacks {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", s.Name, s.Blueprint, s.Status, s.Outputs["ApiUrl"])
			}
			return w.Flush()
		}}
	c.Flags().BoolVar(&deployed, "deployed", false, "list the stacks that were deployed")
	return c
}

func (r *reach) show() *cobra.Command {
	template := false
	c := &cobra.Command{Use: "show BLUEPRINT", Short: "Show a blueprint's parameters, or its template", Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			b, err := blueprints.Find(args[0])
			if err != nil {
				return err
			}
			if template {
				_, err = io.WriteString(r.env.Stdout, b.Template)
				return err
			}
			about, err := blueprint.Description(b.Template)
			if err != nil {
				return err
			}
			list, err := blueprint.Parameters(b.Template)
			if err != nil {
				return err
			}
			fmt.Fprintf(r.env.Stdout, "%s: %s\n", b.Name, about)
			w, group := tabwriter.NewWriter(r.env.Stdout, 0, 8, 2, ' ', 0), ""
			for _, p := range list {
				if p.Group != group {
					group = p.Group
					fmt.Fprintf(w, "\n%s\n", group)
				}
				def, about := "required", p.About
				if p.Default != nil {
					def = "[" + *p.Default + "]"
				}
				if len(p.Allowed) > 0 {
					about += ": " + strings.Join(p.Allowed, ", ")
				}
				fmt.Fprintf(w, "  %s\t%s\t%s\n", p.Name, def, about)
			}
			return w.Flush()
		}}
	c.Flags().BoolVar(&template, "template", false, "print the template")
	return c
}

// given reads parameters of a file and of flags, which go before.
func given(list []blueprint.Parameter, file string, flags []string) (map[string]string, error) {
	out := map[string]string{}
	if file != "" {
		b, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("cannot read the parameters: %w", err)
		}
		if out, err = blueprint.ReadFile(b, list); err != nil {
			return nil, err
		}
	}
	for _, f := range flags {
		name, value, ok := strings.Cut(f, "=")
		if !ok {
			return nil, fmt.Errorf("%q is not Name=Value", f)
		}
		out[name] = value
	}
	return out, nil
}

// archive reads the functions' code; nil when no file is named.
func archive(file string) ([]byte, error) {
	if file == "" {
		return nil, nil
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("cannot read the code: %w", err)
	}
	return b, nil
}

func (r *reach) deploy() *cobra.Command {
	d := blueprint.Deployment{}
	file, code, flags, ask := "", "", []string(nil), false
	c := &cobra.Command{Use: "deploy BLUEPRINT", Short: "Deploy a blueprint: parameters, stack, resources, samples, validation", Args: cobra.ExactArgs(1),
		Long: "Deploy a blueprint. Parameters come from --parameters (YAML or JSON) and --parameter; at a terminal, what is missing is asked for. They are checked\n" +
			"before anything is made. When something fails the reason is told, and what was made is removed, unless --keep is given.",
		RunE: func(c *cobra.Command, args []string) (err error) {
			if d.Blueprint, err = blueprints.Find(args[0]); err != nil {
				return err
			}
			list, err := blueprint.Parameters(d.Blueprint.Template)
			if err != nil {
				return err
			}
			if d.Parameters, err = given(list, file, flags); err != nil {
				return err
			}
			if in, out := terminal(r.env.Stdout), r.env.Stdin; in != nil && out != nil {
				if err := blueprint.Ask(out, r.env.Stdout, list, d.Parameters, ask || file == "" && len(flags) == 0); err != nil {
					return err
				}
			}
			if d.Code, err = archive(code); err != nil {
				return err
			}
			client, err := r.client(c)
			if err != nil {
				return err
			}
			var s *blueprint.Stack
			if err := r.live(c, func(ctx context.Context, board *blueprint.Board) (err error) {
				s, err = client.Deploy(ctx, d, board)
				return err
			}); err != nil {
				return err
			}
			_, err = fmt.Fprintf(r.env.Stdout, "\n%s is ready. Try:\n\n%s\n", s.Name, indented(blueprint.Next(d.Blueprint, s, client.Config.Region)))
			return err
		}}
	f := c.Flags()
	f.StringArrayVarP(&flags, "parameter", "p", nil, "a parameter, as Name=Value")
	f.StringVar(&file, "parameters", "", "file with parameters, YAML or JSON")
	f.BoolVar(&ask, "ask", false, "ask for every parameter that is not given")
	f.StringVar(&d.Stack, "stack-name", "", "name of the stack (default <ProjectName>-<Environment>-<kind>)")
	f.StringVar(&code, "code", "", "archive of the functions, in place of the one in this program")
	f.BoolVar(&d.Keep, "keep", false, "keep what was made when something fails")
	f.BoolVar(&d.NoSamples, "no-samples", false, "lay no samples into the bucket")
	f.BoolVar(&d.NoValidate, "no-validate", false, "do not try the API")
	return c
}

func indented(s string) string { return "  " + strings.ReplaceAll(s, "\n", "\n  ") }

func (r *reach) status() *cobra.Command {
	asJSON := false
	c := &cobra.Command{Use: "status STACK", Short: "Tell how it is with a stack and its resources", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			client, s, err := r.stack(c, args[0])
			if err != nil {
				return err
			}
			if s.Resources, err = client.Resources(c.Context(), args[0]); err != nil {
				return err
			}
			if asJSON {
				return r.printJSON(s)
			}
			fmt.Fprintf(r.env.Stdout, "%s (%s): %s", s.Name, s.Blueprint, s.Status)
			if s.Reason != "" {
				fmt.Fprintf(r.env.Stdout, ": %s", s.Reason)
			}
			fmt.Fprintln(r.env.Stdout)
			w := tabwriter.NewWriter(r.env.Stdout, 0, 8, 2, ' ', 0)
			for _, x := range s.Resources {
				fmt.Fprintf(w, "  %s\t%s\t%s\t%s\n", x.ID, x.Type, x.Status, filepath.Base(x.Physical))
			}
			return w.Flush()
		}}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func (r *reach) outputs() *cobra.Command {
	asJSON := false
	c := &cobra.Command{Use: "outputs STACK", Short: "Print a stack's outputs", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			_, s, err := r.stack(c, args[0])
			if err != nil {
				return err
			}
			if asJSON {
				return r.printJSON(s.Outputs)
			}
			w := tabwriter.NewWriter(r.env.Stdout, 0, 8, 2, ' ', 0)
			for _, name := range slices.Sorted(maps.Keys(s.Outputs)) {
				fmt.Fprintf(w, "%s\t%s\n", name, s.Outputs[name])
			}
			return w.Flush()
		}}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func (r *reach) update() *cobra.Command {
	file, code, flags := "", "", []string(nil)
	c := &cobra.Command{Use: "update STACK", Short: "Change a stack's parameters, and bring it to this program's template", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			client, s, err := r.stack(c, args[0])
			if err != nil {
				return err
			}
			b, err := blueprints.Find(s.Blueprint)
			if err != nil {
				return fmt.Errorf("%s is no stack of a blueprint: %w", args[0], err)
			}
			list, err := blueprint.Parameters(b.Template)
			if err != nil {
				return err
			}
			parameters, err := given(list, file, flags)
			if err != nil {
				return err
			}
			functions, err := archive(code)
			if err != nil {
				return err
			}
			return r.live(c, func(ctx context.Context, board *blueprint.Board) error {
				_, err := client.Update(ctx, args[0], parameters, functions, board)
				return err
			})
		}}
	c.Flags().StringArrayVarP(&flags, "parameter", "p", nil, "a parameter, as Name=Value")
	c.Flags().StringVar(&file, "parameters", "", "file with parameters, YAML or JSON")
	c.Flags().StringVar(&code, "code", "", "archive of the functions")
	return c
}

func (r *reach) delete() *cobra.Command {
	yes := false
	c := &cobra.Command{Use: "delete STACK", Short: "Empty a stack's bucket and delete the stack", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			client, s, err := r.stack(c, args[0])
			if err != nil {
				return err
			}
			if !yes {
				if terminal(r.env.Stdout) == nil || r.env.Stdin == nil {
					return errors.New("nobody can be asked here: --yes deletes the stack, and all data in its bucket " + s.Outputs["BucketName"])
				}
				ok, err := blueprint.Confirm(r.env.Stdin, r.env.Stdout, fmt.Sprintf("Delete %s and all data in its bucket %s?", s.Name, s.Outputs["BucketName"]))
				if err != nil || !ok {
					return errors.Join(err, errors.New("nothing was deleted"))
				}
			}
			return r.live(c, func(ctx context.Context, board *blueprint.Board) error { return client.Delete(ctx, args[0], board) })
		}}
	c.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return c
}
