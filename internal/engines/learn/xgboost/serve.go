package xgboost

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/atelier-studio/atelier/internal/engines/learn"
	"github.com/atelier-studio/atelier/internal/engines/learn/dataset"
)

// Algorithm is XGBoost.
type Algorithm struct{ limits learn.Limits }

// New makes the algorithm.
func New(limits learn.Limits) *Algorithm { return &Algorithm{limits: limits.WithDefaults()} }

// Name is xgboost.
func (*Algorithm) Name() string { return "xgboost" }

var errServed = learn.ClientErrorf("XGBoost models are served here, not trained: train with the xgboost package and save the model as JSON or UBJ")

// Validate refuses: there is no training.
func (*Algorithm) Validate(map[string]string) error { return errServed }

// Train refuses.
func (*Algorithm) Train(context.Context, learn.Channels, map[string]string, learn.Log, string) error {
	return errServed
}

// Metrics are none.
func (*Algorithm) Metrics() []learn.Metric { return nil }

// Model is one booster, or several whose predictions are averaged.
type Model struct {
	boosters []*booster
	limits   learn.Limits
	accept   string   // when a request has none
	batch    bool     // SAGEMAKER_BATCH
	selected []string // SAGEMAKER_INFERENCE_OUTPUT
	inputs   int      // columns that a row is filled up to
}

// Load reads every file of the directory itself as a model. Of the environment it knows SAGEMAKER_BATCH, SAGEMAKER_INFERENCE_OUTPUT,
// SAGEMAKER_INFERENCE_ENSEMBLE and SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT, as the container does.
// https://github.com/aws/sagemaker-xgboost-container
func (a *Algorithm) Load(modelDir string, environment map[string]string) (learn.Model, error) {
	entries, err := os.ReadDir(modelDir)
	if err != nil {
		return nil, err
	}
	m := &Model{limits: a.limits, accept: environment["SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT"], batch: environment["SAGEMAKER_BATCH"] != ""}
	if s, ok := environment["SAGEMAKER_INFERENCE_OUTPUT"]; ok {
		m.selected = strings.Split(strings.ToLower(strings.ReplaceAll(s, " ", "")), ",")
	}
	if m.accept == "" {
		m.accept = dataset.CSV
	}
	left := a.limits.Memory
	for _, e := range entries {
		if !e.Type().IsRegular() || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		b, err := a.load(filepath.Join(modelDir, e.Name()), left)
		if err != nil {
			return nil, fmt.Errorf("the model %s cannot be loaded: %w", e.Name(), err)
		}
		left -= b.size()
		m.boosters, m.inputs = append(m.boosters, b), max(m.inputs, b.inputs)
		if v, ok := environment["SAGEMAKER_INFERENCE_ENSEMBLE"]; ok && v != "true" {
			break
		}
	}
	if len(m.boosters) == 0 {
		return nil, errors.New("no file is in the model")
	}
	for _, b := range m.boosters[1:] {
		if b.groups != m.boosters[0].groups || b.objective != m.boosters[0].objective {
			return nil, errors.New("the models of an ensemble have different objectives or classes")
		}
	}
	return m, nil
}

// load reads a file. A document takes up to 16 times its size while it is read.
func (a *Algorithm) load(path string, left int64) (*booster, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > left/16 {
		return nil, fmt.Errorf("it has %d MB, above the limit of %d MB", info.Size()>>20, left>>24)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return readBooster(b)
}

// Size is about how much memory the model takes.
func (m *Model) Size() (n int64) {
	for _, b := range m.boosters {
		n += b.size()
	}
	return n
}

// Answers is CSV unless the request or the environment asks for another type.
func (m *Model) Answers(contentType, accept string) (string, error) {
	switch dataset.Kind(contentType) {
	case dataset.CSV, dataset.LIBSVM, dataset.RecordIO:
	default:
		return "", &learn.RequestError{Status: http.StatusUnsupportedMediaType, Message: "Content-type " + contentType + " is not supported."}
	}
	if a := learn.MediaType(accept); a == "" || a == "*/*" {
		accept = m.accept
	}
	kind, err := learn.Negotiate(accept, dataset.CSV, dataset.JSON, dataset.Lines, dataset.RecordIO)
	if err != nil {
		return "", &learn.RequestError{Status: http.StatusNotAcceptable, Message: "Accept type " + accept + " is not supported. Please use supported accept types: " +
			"['application/json', 'application/jsonlines', 'application/x-recordio-protobuf', 'text/csv']."}
	}
	return kind, nil
}

// names are how the container calls formats.
var names = map[string]string{dataset.CSV: "csv", dataset.LIBSVM: "libsvm", dataset.RecordIO: "recordio-protobuf"}

// Predict answers rows of CSV, LIBSVM or RecordIO. A request without a body is answered with status 204.
func (m *Model) Predict(ctx context.Context, contentType, accept string, in io.Reader, out io.Writer) error {
	kind, err := m.Answers(contentType, accept)
	if err != nil {
		return err
	}
	body, err := learn.ReadBody(in, m.limits.Body)
	if err != nil {
		return err
	}
	if len(body) == 0 {
		return &learn.RequestError{Status: http.StatusNoContent}
	}
	rows, err := dataset.Read(contentType, body, dataset.Options{Missing: true})
	if err != nil {
		name := names[dataset.Kind(contentType)]
		return &learn.RequestError{Status: http.StatusUnsupportedMediaType,
			Message: fmt.Sprintf("Loading %s data failed with Exception, please ensure data is in %s format:\n %v", name, name, err)}
	}
	for _, b := range m.boosters {
		if rows.Width > b.features {
			return learn.BadRequestf("Unable to evaluate payload provided: Number of columns (%d) does not match number of features in booster (%d).", rows.Width, b.features)
		}
	}
	if err := m.selectable(); err != nil {
		return err
	}
	return m.answer(ctx, kind, rows, out)
}

// piece is how many rows are predicted before they are written.
const piece = 4096

// predictor predicts one row after the other.
type predictor struct {
	m                *Model
	row, sums, total []float32
	votes            map[float32]int
}

func (m *Model) newPredictor() *predictor {
	groups := m.boosters[0].groups
	return &predictor{m: m, row: make([]float32, m.inputs), sums: make([]float32, groups), total: make([]float32, groups), votes: map[float32]int{}}
}

// predict gives the prediction of a row, valid until the next.
func (p *predictor) predict(rows *dataset.Rows, i int) []float32 {
	values, _ := rows.Row(i)
	if rows.Sparse() {
		rows.Fill(i, p.row, nan())
	} else {
		for j := copy(p.row, values); j < len(p.row); j++ {
			p.row[j] = nan()
		}
	}
	if len(p.m.boosters) == 1 {
		return p.m.boosters[0].predict(p.row, p.sums)
	}
	clear(p.total)
	clear(p.votes)
	var got []float32
	for _, b := range p.m.boosters {
		got = b.predict(p.row, p.sums)
		for j, v := range got {
			p.total[j] += v
		}
		p.votes[got[0]]++
	}
	total := p.total[:len(got)]
	if p.m.boosters[0].outcome.vote {
		total[0] = most(p.votes)
		return total
	}
	for j := range total {
		total[j] /= float32(len(p.m.boosters))
	}
	return total
}

// most is what most voted for, the smallest of several.
func most(votes map[float32]int) float32 {
	found, count := float32(0), 0
	for v, n := range votes {
		if n > count || n == count && v < found {
			found, count = v, n
		}
	}
	return found
}

// predictions predicts rows from first on, in several parts at once when there are many, each prediction width long.
func (m *Model) predictions(ctx context.Context, rows *dataset.Rows, first, n, width int, out []float32) error {
	parts := 1
	if n*(len(m.boosters[0].trees)+1) > 1<<14 {
		parts = m.limits.Threads
	}
	learn.Together(parts, func(part int) {
		p := m.newPredictor()
		from, to := learn.Share(n, parts, part)
		for i := from; i < to && ctx.Err() == nil; i++ {
			copy(out[i*width:(i+1)*width], p.predict(rows, first+i))
		}
	})
	return ctx.Err()
}
