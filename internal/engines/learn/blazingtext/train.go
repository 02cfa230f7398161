package blazingtext

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"gonum.org/v1/gonum/blas/gonum"

	"github.com/atelier-studio/atelier/internal/engines/learn"
)

// Algorithm is BlazingText.
type Algorithm struct{ limits learn.Limits }

// New makes the algorithm.
func New(limits learn.Limits) *Algorithm { return &Algorithm{limits: limits.WithDefaults()} }

// Name is blazingtext.
func (*Algorithm) Name() string { return "blazingtext" }

// Validate checks hyperparameters.
func (*Algorithm) Validate(hyperparameters map[string]string) error {
	_, err := parse(hyperparameters)
	return err
}

// Metrics are those of https://docs.aws.amazon.com/sagemaker/latest/dg/blazingtext-tuning.html.
func (*Algorithm) Metrics() []learn.Metric {
	return []learn.Metric{{Name: "train:accuracy", Regex: `#train_accuracy: (\S+)`}, {Name: "validation:accuracy", Regex: `#validation_accuracy: (\S+)`}}
}

// Train reads the channel train and, when there is one, validation, and writes model.bin.
func (a *Algorithm) Train(ctx context.Context, channels learn.Channels, hyperparameters map[string]string, log learn.Log, modelDir string) error {
	s, err := parse(hyperparameters)
	if err != nil {
		return err
	}
	_, validate := channels["validation"]
	if s.early && !validate {
		return learn.ClientErrorf("A validation channel is required when early_stopping is True")
	}
	if log == nil {
		log = func(string) {}
	}
	t := trainer{settings: s, limits: a.limits, log: log}
	if err := t.prepare(channels); err != nil {
		return err
	}
	if validate {
		text, err := readText(channels, "validation", a.limits.Memory/4)
		if err != nil {
			return err
		}
		t.held = t.features.of(&t.words, text, s.ngrams)
	}
	if err := t.run(ctx); err != nil {
		return err
	}
	return t.model.write(modelDir, t.features)
}

// trainer is one training.
type trainer struct {
	settings
	limits   learn.Limits
	log      learn.Log
	words    dictionary
	features *features
	tokens   []int     // of the lines up to each, and in all
	held     *features // the validation's
	model    *Model
	done     atomic.Int64 // tokens that were learned from
}

func (t *trainer) prepare(channels learn.Channels) error {
	text, err := readText(channels, "train", t.limits.Memory/4)
	if err != nil {
		return err
	}
	c := count(&t.words, text, t.limits.Threads)
	places := t.words.seal(int64(t.minCount))
	for i, w := range c.tokens {
		c.tokens[i] = places[w]
	}
	t.log(fmt.Sprintf("Read %.2fM words", float64(len(c.tokens))/1e6))
	t.log(fmt.Sprintf("Number of words:  %d", t.words.words))
	if t.words.labels < 2 {
		return learn.ClientErrorf("The training data has %d different labels: each line needs a word that begins with %s, and there must be two at least", t.words.labels, labelPrefix)
	}
	if t.words.words == 0 {
		return learn.ClientErrorf("Empty vocabulary: no word occurs %d times. Try a smaller min_count", t.minCount)
	}
	// The model as it is loaded has a row for each bucket; the training has no more rows, and its features besides.
	need := int64(t.words.words+t.buckets)*int64(t.dim)*4 + int64(len(c.tokens))*int64(t.ngrams)*4
	if need > t.limits.Memory {
		return learn.ClientErrorf("The model needs %d MB of memory and may take %d: reduce buckets or vector_dim", need>>20, t.limits.Memory>>20)
	}
	t.features = extract(&t.words, c, t.buckets, t.ngrams, t.limits.Threads)
	t.tokens = c.ends
	t.words.trim()
	t.model = newModel(t.words, t.settings, t.features, t.limits.Threads)
	return nil
}

func newModel(words dictionary, s settings, f *features, threads int) *Model {
	m := &Model{args: args{Dim: int32(s.dim), WS: 5, Epoch: int32(s.epochs), MinCount: int32(s.minCount), Neg: 5, WordNgrams: int32(s.ngrams),
		Loss: lossSoftmax, Model: modelSupervised, Bucket: int32(s.buckets), LRUpdateRate: 100, T: 1e-4}, words: words}
	m.input, m.output = make([]float32, f.count*s.dim), make([]float32, words.labels*s.dim)
	// Like fastText's, as many tenths of the rows as there are threads begin at random, the rest at 0.
	random, scale := rand.New(rand.NewPCG(1, 2)), 2/float32(s.dim)
	begin := func(row, at int) {
		if row >= (words.words+s.buckets)*min(threads, 10)/10 {
			return
		}
		for i := range s.dim {
			m.input[at*s.dim+i] = (random.Float32() - 0.5) * scale
		}
	}
	for i := range words.words {
		begin(i, i)
	}
	for i, at := range f.bucket {
		if at >= 0 {
			begin(words.words+i, int(at))
		}
	}
	return m
}

func (t *trainer) run(ctx context.Context) error {
	start, best, wait := time.Now(), -1.0, 0
	var kept []float32
	for epoch := 1; epoch <= t.epochs; epoch++ {
		losses := make([]float64, t.limits.Threads)
		learn.Together(t.limits.Threads, func(part int) { losses[part] = t.epoch(ctx, part, uint64(epoch)) })
		if err := ctx.Err(); err != nil {
			return err
		}
		sum := 0.0
		for _, l := range losses {
			sum += l
		}
		if math.IsNaN(sum) || math.IsInf(sum, 0) {
			return learn.ClientErrorf("The training diverged in epoch %d: reduce learning_rate", epoch)
		}
		done := t.done.Load()
		t.log(fmt.Sprintf("##### Alpha: %.4f  Progress: %.2f%%  Million Words/sec: %.2f #####", t.rateAt(done), 100*t.progress(done),
			float64(done)/1e6/max(1e-9, time.Since(start).Seconds())))
		if !t.early {
			continue
		}
		accuracy, _ := t.accuracy(t.held)
		t.log(fmt.Sprintf("Epoch %d: validation accuracy %.4f", epoch, accuracy))
		if wait++; accuracy > best {
			best, wait = accuracy, 0
			kept = append(append(kept[:0], t.model.input...), t.model.output...)
		}
		if epoch >= t.minEpochs && wait >= t.patience {
			t.log(fmt.Sprintf("Stopping after epoch %d: the validation accuracy didn't improve for %d epochs", epoch, t.patience))
			break
		}
	}
	if kept != nil {
		copy(t.model.input, kept)
		copy(t.model.output, kept[len(t.model.input):])
	}
	took := max(1e-9, time.Since(start).Seconds())
	t.log("Training finished.")
	t.log(fmt.Sprintf("Average throughput in Million words/sec: %.2f", float64(t.done.Load())/1e6/took))
	t.log(fmt.Sprintf("Total training time in seconds: %.2f", took))
	t.report()
	return nil
}

func (t *trainer) progress(done int64) float64 {
	return min(1, float64(done)/float64(t.words.tokens*int64(t.epochs)))
}

// rateAt falls from the learning rate to 0 along the training.
func (t *trainer) rateAt(done int64) float32 { return t.rate * float32(1-t.progress(done)) }

// epoch learns from one part of the lines and gives the sum of their losses. The parts write to the model at the same time without locks
// (Hogwild!, Niu et al., 2011), so two runs with more than one thread differ a little.
func (t *trainer) epoch(ctx context.Context, part int, seed uint64) (loss float64) {
	l := learner{model: t.model, dim: t.settings.dim, hidden: make([]float32, t.dim), gradient: make([]float32, t.dim), scores: make([]float32, t.words.labels)}
	random := rand.New(rand.NewPCG(seed, uint64(part)))
	lines, parts := len(t.tokens), t.limits.Threads
	first, last := learn.Share(lines, parts, part)
	learned, rate := before(t.tokens, first), t.rateAt(t.done.Load())
	for i := first; i < last; i++ {
		rows, labels := t.features.line(i)
		if len(rows) > 0 && len(labels) > 0 {
			label := labels[0]
			if len(labels) > 1 {
				label = labels[random.IntN(len(labels))]
			}
			loss += l.learn(rows, int(label), rate)
		}
		if t.tokens[i]-learned > 100 || i == last-1 {
			rate = t.rateAt(t.done.Add(int64(t.tokens[i] - learned)))
			learned = t.tokens[i]
		}
		if i&1023 == 0 && ctx.Err() != nil {
			return loss
		}
	}
	return loss
}

// learner takes single steps of gradient descent.
type learner struct {
	model                    *Model
	dim                      int
	hidden, gradient, scores []float32
}

// learn takes one step and gives the loss before it.
func (l *learner) learn(rows []int32, label int, rate float32) float64 {
	var (
		blas          gonum.Implementation
		dim           = l.dim
		input, output = l.model.input, l.model.output
		hidden        = l.hidden
	)
	l.model.mean(rows, len(rows), hidden)
	softmax(output, hidden, l.scores)
	clear(l.gradient)
	for i, p := range l.scores {
		alpha := -rate * p
		if i == label {
			alpha += rate
		}
		row := output[i*dim : (i+1)*dim]
		blas.Saxpy(dim, alpha, row, 1, l.gradient, 1)
		blas.Saxpy(dim, alpha, hidden, 1, row, 1)
	}
	share := 1 / float32(len(rows))
	for _, r := range rows {
		blas.Saxpy(dim, share, l.gradient, 1, input[int(r)*dim:], 1)
	}
	return -math.Log(float64(l.scores[label]) + 1e-10)
}

// report logs the accuracies of the final model.
func (t *trainer) report() {
	for _, of := range []struct {
		name string
		*features
	}{{"train", t.features}, {"validation", t.held}} {
		if of.features == nil {
			continue
		}
		accuracy, all := t.accuracy(of.features)
		t.log(fmt.Sprintf("#%s_accuracy: %.4f", of.name, accuracy))
		t.log(fmt.Sprintf("Number of %s examples: %d", of.name, all))
	}
}

// accuracy is the part of the lines with labels whose best label is one of theirs, and how many lines have labels.
func (t *trainer) accuracy(f *features) (part float64, all int) {
	parts := t.limits.Threads
	right, labelled := make([]int, parts), make([]int, parts)
	learn.Together(parts, func(p int) {
		hidden, scores := make([]float32, t.dim), make([]float32, t.words.labels)
		first, last := learn.Share(len(f.ends), parts, p)
		for i := first; i < last; i++ {
			rows, labels := f.line(i)
			if len(labels) == 0 {
				continue
			}
			labelled[p]++
			if t.model.right(rows, labels, hidden, scores) {
				right[p]++
			}
		}
	})
	found := 0
	for p := range parts {
		found, all = found+right[p], all+labelled[p]
	}
	return float64(found) / float64(max(1, all)), all
}
