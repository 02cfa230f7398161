package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/spf13/cobra"

	"github.com/atelier-studio/atelier/internal/engines/models/convert"
	"github.com/atelier-studio/atelier/internal/engines/models/fetch"
	"github.com/atelier-studio/atelier/internal/engines/models/gguf"
	"github.com/atelier-studio/atelier/internal/engines/models/library"
	"github.com/atelier-studio/atelier/internal/engines/models/llamacpp"
	"github.com/atelier-studio/atelier/internal/platform/config"
)

// maxModel bounds the file of a model, in bytes.
const maxModel = 1 << 40

// shelf is where the commands find models: the server reads the same files, and sees changes at the next request.
type shelf struct {
	env       Environment
	dir, file string // flags
}

func modelsCommand(env Environment) *cobra.Command {
	s := &shelf{env: env}
	c := &cobra.Command{Use: "models", Short: "Manage foundation models: list, pull, import, remove, install-runtime"}
	c.PersistentFlags().StringVar(&s.dir, "data-dir", config.Default().DataDir, "data directory of the server")
	c.PersistentFlags().StringVar(&s.file, "models", "", "file that maps ids to models (default models/models.yaml in the data directory)")
	c.AddCommand(s.list(), s.pull(), s.importCommand(), s.remove(), s.installRuntime())
	return c
}

// folder is where the files of models lie, and the file that maps them.
func (s *shelf) folder(c *cobra.Command) (dir, file string) {
	dir = filepath.Join(dataDir(s.env, c, s.dir), "models")
	file = s.file
	if file == "" {
		file = s.env.Getenv("ATELIER_MODELS")
	}
	if file == "" {
		file = filepath.Join(dir, "models.yaml")
	}
	return dir, file
}

func (s *shelf) list() *cobra.Command {
	asJSON := false
	c := &cobra.Command{
		Use: "list", Short: "List the models that ids stand for", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			dir, file := s.folder(c)
			f, err := library.Read(file)
			if err != nil {
				return err
			}
			if asJSON {
				e := json.NewEncoder(s.env.Stdout)
				e.SetIndent("", "  ")
				return e.Encode(f)
			}
			w := tabwriter.NewWriter(s.env.Stdout, 0, 8, 2, ' ', 0)
			fmt.Fprintln(w, "ID\tDRIVER\tWHERE\tWHAT")
			for _, e := range f.Models {
				where, what := e.URL, e.Model
				switch e.Driver {
				case "llamacpp":
					where, what = e.File, describeFile(dir, e.File)
				case "bedrock":
					where = e.Region
				}
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", e.ID, e.Driver, where, what)
			}
			for _, p := range f.Profiles {
				fmt.Fprintf(w, "%s\tprofile\t%s\t\n", p.ID, p.Model)
			}
			return w.Flush()
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func describeFile(dir, file string) string {
	if !filepath.IsAbs(file) {
		file = filepath.Join(dir, file)
	}
	info, err := os.Stat(file)
	if err != nil {
		return "the file is not there"
	}
	h, err := gguf.Open(file)
	if err != nil {
		return "the file is no GGUF file"
	}
	kind := "text"
	if h.Embedding() {
		kind = "embeddings"
	}
	return fmt.Sprintf("%s, %s, %s, context %d", h.Architecture(), kind, megabytes(info.Size()), h.Context())
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }

// adding are the flags of what is brought in.
type adding struct {
	entry library.Entry
	sum   string
	name  string
}

func (a *adding) flags(c *cobra.Command) {
	c.Flags().StringVar(&a.entry.ID, "id", "", "id that callers use, such as meta.llama3-2-1b-instruct-v1:0 (default the file's name)")
	c.Flags().StringVar(&a.entry.Family, "family", "", "whose bodies InvokeModel takes: "+strings.Join(library.Families, ", ")+" (told from the id when not given)")
	c.Flags().IntVar(&a.entry.Context, "context", 0, "tokens of a request with its answer")
	c.Flags().IntVar(&a.entry.Parallel, "parallel", 0, "requests that are computed together")
	c.Flags().StringVar(&a.sum, "sha256", "", "checksum that the file must have")
	c.Flags().StringVar(&a.name, "name", "", "name of the file in the directory of models")
}

func (s *shelf) pull() *cobra.Command {
	a := adding{}
	revision := ""
	c := &cobra.Command{
		Use: "pull OWNER/REPOSITORY[/FILE] | https://…", Short: "Fetch a model from Hugging Face or a URL", Args: cobra.ExactArgs(1),
		Long: "Fetch a GGUF file over HTTPS, and give it an id. A fetch that broke off goes on where it was. HF_TOKEN is the token for models that must be\n" +
			"asked for, HF_ENDPOINT another Hugging Face.",
		RunE: func(c *cobra.Command, args []string) error {
			client := &http.Client{Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, ResponseHeaderTimeout: time.Minute}}
			src := fetch.HTTP{URL: args[0], Client: client}
			file := args[0][strings.LastIndexByte(args[0], '/')+1:]
			if !strings.HasPrefix(args[0], "https://") && !strings.HasPrefix(args[0], "http://") {
				endpoint := s.env.Getenv("HF_ENDPOINT")
				if endpoint == "" {
					endpoint = "https://huggingface.co"
				}
				parts := strings.SplitN(args[0], "/", 3)
				if len(parts) < 2 {
					return fmt.Errorf("cannot fetch: %q is neither owner/repository nor a URL", args[0])
				}
				name := ""
				if len(parts) == 3 {
					name = parts[2]
				}
				hub := fetch.Hub{Endpoint: endpoint, Token: s.env.Getenv("HF_TOKEN"), Client: client}
				var err error
				if src, file, err = hub.File(c.Context(), parts[0]+"/"+parts[1], revision, name); err != nil {
					return err
				}
			}
			return s.add(c, a, src, filepath.Base(file))
		},
	}
	a.flags(c)
	c.Flags().StringVar(&revision, "revision", "", "branch, tag or commit of the repository (default main)")
	return c
}

func (s *shelf) importCommand() *cobra.Command {
	a := adding{}
	c := &cobra.Command{
		Use: "import FILE | DIRECTORY | s3://BUCKET/KEY", Short: "Bring a model in from this machine or from S3", Args: cobra.ExactArgs(1),
		Long: "Bring a GGUF file in, and give it an id. A directory with config.json and model.safetensors is converted, when the network is of the\nBERT kind.",
		RunE: func(c *cobra.Command, args []string) error {
			from := args[0]
			rest, remote := strings.CutPrefix(from, "s3://")
			if info, err := os.Stat(from); err == nil && !remote && info.IsDir() {
				return s.convert(c, a, from)
			}
			if !remote {
				return s.add(c, a, fetch.File(from), filepath.Base(from))
			}
			bucket, key, ok := strings.Cut(rest, "/")
			if !ok || key == "" {
				return fmt.Errorf("cannot import: %q is not s3://bucket/key", from)
			}
			cfg, err := clientConfig(c.Context(), s.env, dataDir(s.env, c, s.dir))
			if err != nil {
				return err
			}
			client := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
			return s.add(c, a, fetch.S3{Client: client, Bucket: bucket, Key: key}, filepath.Base(key))
		},
	}
	a.flags(c)
	return c
}

// convert brings in a model as it is published.
func (s *shelf) convert(c *cobra.Command, a adding, dir string) error {
	made, err := os.MkdirTemp("", "atelier-convert-")
	if err != nil {
		return fmt.Errorf("cannot import: %w", err)
	}
	defer os.RemoveAll(made)
	file := filepath.Base(filepath.Clean(dir)) + ".gguf"
	if err := convert.Directory(dir, filepath.Join(made, file)); err != nil {
		return err
	}
	return s.add(c, a, fetch.File(filepath.Join(made, file)), file)
}

// add fetches a file, checks it and gives it an id.
func (s *shelf) add(c *cobra.Command, a adding, src fetch.Source, file string) error {
	dir, list := s.folder(c)
	if a.name != "" {
		file = a.name
	}
	if !strings.HasSuffix(file, ".gguf") {
		file += ".gguf"
	}
	if !filepath.IsLocal(file) || strings.ContainsAny(file, `/\`) {
		return fmt.Errorf("cannot import: %q is no name of a file", file)
	}
	e := a.entry
	e.Driver, e.File = "llamacpp", file
	if e.ID == "" {
		e.ID = strings.TrimSuffix(file, ".gguf")
	}
	f, err := library.Read(list)
	if err != nil {
		return err
	}
	f.Models = slices.DeleteFunc(f.Models, func(x library.Entry) bool { return x.ID == e.ID && x.File == e.File })
	f.Models = append(f.Models, e)
	if err := f.Check(); err != nil { // before anything is fetched
		return fmt.Errorf("cannot import: %w", err)
	}
	to := filepath.Join(dir, file)
	bar := progress{w: s.env.Stderr, name: file}
	err = fetch.To(c.Context(), src, to, fetch.Options{SHA256: a.sum, Max: maxModel, Progress: bar.show})
	bar.end()
	if err != nil {
		return err
	}
	if _, err := gguf.Open(to); err != nil {
		_ = os.Remove(to)
		return fmt.Errorf("cannot import %s: %w", file, err)
	}
	if err := library.Write(list, f); err != nil {
		return err
	}
	_, err = fmt.Fprintln(s.env.Stdout, e.ID)
	return err
}

func (s *shelf) remove() *cobra.Command {
	return &cobra.Command{
		Use: "remove ID", Short: "Forget an id, and delete its file when no other id needs it", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			dir, list := s.folder(c)
			f, err := library.Read(list)
			if err != nil {
				return err
			}
			i := slices.IndexFunc(f.Models, func(e library.Entry) bool { return e.ID == args[0] })
			if i < 0 {
				return fmt.Errorf("cannot remove %s: no model has this id", args[0])
			}
			gone := f.Models[i]
			f.Models = slices.Delete(f.Models, i, i+1)
			f.Profiles = slices.DeleteFunc(f.Profiles, func(p library.Profile) bool { return p.Model == gone.ID })
			if err := library.Write(list, f); err != nil {
				return err
			}
			needed := slices.ContainsFunc(f.Models, func(e library.Entry) bool { return e.File == gone.File })
			if gone.Driver != "llamacpp" || needed || filepath.IsAbs(gone.File) {
				return nil
			}
			if err := os.Remove(filepath.Join(dir, gone.File)); err != nil && !errors.Is(err, os.ErrNotExist) {
				return fmt.Errorf("cannot remove the file of %s: %w", gone.ID, err)
			}
			return nil
		},
	}
}

func (s *shelf) installRuntime() *cobra.Command {
	from := ""
	c := &cobra.Command{
		Use: "install-runtime", Short: "Install llama.cpp, which runs GGUF files in the server", Args: cobra.NoArgs,
		Long: "Install llama.cpp's shared library into models/runtime of the data directory. npm fetches the package @node-llama-cpp, in which it is\n" +
			"published; a server that runs finds it with the next request.",
		RunE: func(c *cobra.Command, _ []string) error {
			dir, _ := s.folder(c)
			to := filepath.Join(dir, "runtime")
			if err := llamacpp.Install(c.Context(), to, from); err != nil {
				return err
			}
			if err := llamacpp.New(llamacpp.Config{Library: to}).Check(); err != nil {
				return errors.Join(err, errors.Unwrap(err))
			}
			_, err := fmt.Fprintln(s.env.Stdout, to)
			return err
		},
	}
	c.Flags().StringVar(&from, "from", "", "the package's .tgz, when npm cannot fetch it here")
	return c
}

// progress shows how far a file is, twice a second.
type progress struct {
	w     io.Writer
	name  string
	begun time.Time
	last  time.Time
	first int64
}

func (p *progress) show(done, total int64) {
	now := time.Now()
	if p.begun.IsZero() {
		p.begun, p.first = now, done
	}
	if done != total && now.Sub(p.last) < 500*time.Millisecond {
		return
	}
	p.last = now
	rate := float64(done-p.first) / max(now.Sub(p.begun).Seconds(), 0.001)
	if total <= 0 {
		fmt.Fprintf(p.w, "\r%s  %s  %s/s ", p.name, megabytes(done), megabytes(int64(rate)))
		return
	}
	const width = 30
	full := int(width * done / total)
	fmt.Fprintf(p.w, "\r%s  [%s%s] %3d %%  %s of %s  %s/s ", p.name, strings.Repeat("=", full), strings.Repeat(" ", width-full), 100*done/total,
		megabytes(done), megabytes(total), megabytes(int64(rate)))
}

func (p *progress) end() {
	if !p.begun.IsZero() {
		fmt.Fprintln(p.w)
	}
}
