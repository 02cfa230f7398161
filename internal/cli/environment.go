package cli

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/atelier-studio/atelier/internal/platform/config"
	"github.com/atelier-studio/atelier/internal/platform/credfile"
)

func environment(env Environment) *cobra.Command {
	dir, profile, asJSON := "", credfile.Default, false
	c := &cobra.Command{
		Use: "env", Short: "Print what AWS clients need to find this server", Args: cobra.NoArgs,
		Long: "Print the variables that make every AWS client of a shell talk to the server of a data directory:\n\n  eval \"$(atelier env)\"",
		RunE: func(c *cobra.Command, _ []string) error {
			vars, err := variables(dataDir(env, c, dir), profile)
			if err != nil {
				return err
			}
			if asJSON {
				m := map[string]string{}
				for _, v := range vars {
					m[v[0]] = v[1]
				}
				e := json.NewEncoder(env.Stdout)
				e.SetIndent("", "  ")
				return e.Encode(m)
			}
			// What an earlier shell session left would go before the key.
			if _, err := fmt.Fprintln(env.Stdout, "unset AWS_SESSION_TOKEN AWS_PROFILE AWS_ENDPOINT_URL_S3"); err != nil {
				return err
			}
			for _, v := range vars {
				if _, err := fmt.Fprintf(env.Stdout, "export %s=%s\n", v[0], quoted(v[1])); err != nil {
					return err
				}
			}
			return nil
		},
	}
	c.Flags().StringVar(&dir, "data-dir", config.Default().DataDir, "data directory of the server")
	c.Flags().StringVar(&profile, "profile", credfile.Default, "profile of the data directory's credentials file")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func dataDir(env Environment, c *cobra.Command, flag string) string {
	if v := env.Getenv("ATELIER_DATA_DIR"); v != "" && !c.Flags().Changed("data-dir") {
		return v
	}
	return flag
}

func variables(dir, profile string) ([][2]string, error) {
	e, err := credfile.LoadEndpoints(dir)
	if err != nil {
		return nil, fmt.Errorf("cannot find a server in %s: %w; start one with atelier serve, or name its --data-dir", dir, err)
	}
	p, err := credfile.Find(credfile.Path(dir), profile)
	if err != nil {
		return nil, err
	}
	vars := [][2]string{{"AWS_ENDPOINT_URL", e.Endpoint}, {"AWS_REGION", e.Region}, {"AWS_DEFAULT_REGION", e.Region},
		{"AWS_ACCESS_KEY_ID", p.AccessKeyID}, {"AWS_SECRET_ACCESS_KEY", p.SecretAccessKey}}
	if e.EndpointS3 != "" {
		vars = append(vars, [2]string{"AWS_ENDPOINT_URL_S3", e.EndpointS3})
	}
	if p.SessionToken != "" {
		vars = append(vars, [2]string{"AWS_SESSION_TOKEN", p.SessionToken})
	}
	return vars, nil
}

// quoted makes a word of the shell.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
