package linearlearner

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/atelier-studio/atelier/internal/engines/learn"
	"github.com/atelier-studio/atelier/internal/engines/learn/artifact"
	"github.com/atelier-studio/atelier/internal/engines/learn/dataset"
)

// Algorithm is Linear Learner. The same data, hyperparameters and number of threads give the same model.
type Algorithm struct{ limits learn.Limits }

// New makes the algorithm.
func New(limits learn.Limits) *Algorithm { return &Algorithm{limits: limits.WithDefaults()} }

// Name is linear-learner.
func (*Algorithm) Name() string { return "linear-learner" }

// Validate checks hyperparameters.
func (*Algorithm) Validate(hyperparameters map[string]string) error {
	_, err := parse(hyperparameters)
	return err
}

// Train reads the channel train and, when they are there, validation and test.
func (a *Algorithm) Train(ctx context.Context, channels learn.Channels, hyperparameters map[string]string, log learn.Log, modelDir string) error {
	s, err := parse(hyperparameters)
	if err != nil {
		return err
	}
	if log == nil {
		log = func(string) {}
	}
	t := &trainer{settings: s, limits: a.limits, log: log, loss: lossOf(s), tuned: hyperparameters["_tuning_objective_metric"] != ""}
	if t.rows, err = t.read(channels, "train", s.Int("feature_dim")); err != nil {
		return err
	}
	width := t.rows.Width
	t.scale = newScale(s, t.rows)
	t.scale.apply(t.rows)
	t.judged, t.judge = t.rows, "train"
	if _, ok := channels["validation"]; ok {
		if t.judged, err = t.read(channels, "validation", width); err != nil {
			return err
		}
		t.scale.apply(t.judged)
		t.judge = "validation"
	}
	if err := t.run(ctx); err != nil {
		return err
	}
	best := t.choose()
	t.report(best, t.judge, t.judged)
	if _, ok := channels["test"]; ok {
		rows, err := t.read(channels, "test", width)
		if err != nil {
			return err
		}
		t.scale.apply(rows)
		t.report(best, "test", rows)
	}
	h := header{Algorithm: "linear-learner", Version: 1, PredictorType: s.kind, FeatureDim: width, Outputs: s.outputs, Loss: s.lossName, Threshold: best.threshold}
	weights, bias := best.weights, best.bias
	for o := range s.outputs {
		bias[o] = t.scale.undo(weights[o*width:(o+1)*width], bias[o])
	}
	return artifact.Write(modelDir, h, append(weights, bias...))
}

// trainer is one training.
type trainer struct {
	settings
	limits learn.Limits
	log    learn.Log
	loss   func([]float32, float32) float64
	rows   *dataset.Rows
	judged *dataset.Rows // what models are compared on, of the channel judge
	judge  string
	scale  scale
	models *models
	kept   []kept // of each model, how it was at its best
	weigh  func(label float32) float32
	slowed int  // how often the learning rate was cut because nothing got better
	tuned  bool // by a tuning job, which AWS documents to train one model
}

// kept is a model with its loss on what is judged.
type kept struct {
	weights, bias []float32
	loss          float64
	threshold     float64
	score         float64 // by the criterion
}

// read reads a channel and checks its labels.
func (t *trainer) read(channels learn.Channels, name string, width int) (*dataset.Rows, error) {
	rows, err := dataset.Channel(channels, name, dataset.Options{Label: true}, t.limits.Memory/2)
	if err != nil {
		return nil, err
	}
	if rows.Sparse() && width > rows.Width {
		rows.Width = width
	}
	switch {
	case width > 0 && rows.Width != width:
		return nil, learn.ClientErrorf("The rows of channel '%s' have %d features where %d are expected", name, rows.Width, width)
	case rows.Width == 0:
		return nil, learn.ClientErrorf("The rows of channel '%s' have no features", name)
	case len(rows.Labels) == 0:
		return nil, learn.ClientErrorf("The rows of channel '%s' have no labels", name)
	}
	if t.kind == regressor {
		return rows, nil
	}
	classes := 2
	if t.kind == multiclass {
		classes = t.outputs
	}
	for i, l := range rows.Labels {
		if l < 0 || l >= float32(classes) || l != float32(int(l)) {
			return nil, learn.ClientErrorf("The label of row %d of channel '%s' is %v: labels must be integers from 0 to %d", i+1, name, l, classes-1)
		}
	}
	return rows, nil
}

// plan decides how many models are trained and how large batches are.
func (t *trainer) plan() (batch int, err error) {
	columns := 15
	if !t.Auto("num_models") {
		columns = t.Int("num_models")
	} else {
		for columns > 1 && columns*t.outputs*t.rows.Width > 1<<21 {
			columns /= 2
		}
	}
	if t.tuned {
		columns = 1
	}
	if need := int64(columns) * int64(t.outputs) * int64(t.rows.Width) * 4 * int64(3+t.limits.Threads); need > t.limits.Memory/2 {
		return 0, learn.ClientErrorf("%d models of %d features and %d outputs need %d MB of memory and may take %d", columns, t.rows.Width, t.outputs, need>>20, t.limits.Memory>>21)
	}
	t.models = newModels(t.settings, variants(t.settings, columns), t.rows.Width)
	if batch = t.Int("mini_batch_size"); batch == 0 {
		batch = min(1000, max(16, t.rows.Len()/50)) // enough steps for small data
	}
	return min(batch, t.rows.Len()), nil
}

// weighting gives the weight of a label in the loss.
func (t *trainer) weighting() func(label float32) float32 {
	counts := map[float32]int{}
	for _, l := range t.rows.Labels {
		counts[l]++
	}
	switch {
	case t.kind == binary:
		mult := float32(1)
		switch w := t.Text("positive_example_weight_mult"); w {
		case "auto":
		case "balanced":
			mult = float32(counts[0]) / float32(max(1, counts[1]))
		default:
			mult = float32(t.Float("positive_example_weight_mult"))
		}
		return func(label float32) float32 { return 1 + label*(mult-1) }
	case t.kind == multiclass && t.Bool("balance_multiclass_weights"):
		even := float32(t.rows.Len()) / float32(len(counts))
		return func(label float32) float32 { return even / float32(counts[label]) }
	}
	return func(float32) float32 { return 1 }
}

// run trains the models and keeps each as it was at its best.
func (t *trainer) run(ctx context.Context) error {
	batch, err := t.plan()
	if err != nil {
		return err
	}
	t.weigh = t.weighting()
	n, count := t.rows.Len(), t.models.columns/t.outputs
	t.kept = make([]kept, count)
	for i := range t.kept {
		t.kept[i].loss = math.Inf(1)
	}
	epochs, perEpoch := t.Int("epochs"), (n+batch-1)/batch
	pace := t.schedule(epochs * perEpoch)
	gradients := make([]*gradient, t.limits.Threads)
	for i := range gradients {
		gradients[i] = t.models.newGradient(t.outputs)
	}
	random := rand.New(rand.NewPCG(3, 4))
	order := random.Perm(n)
	best, waited := math.Inf(1), 0
	for epoch := range epochs {
		for first := 0; first < n; first += batch {
			part := order[first:min(n, first+batch)]
			t.learn(part, gradients)
			t.models.step(gradients, len(part), pace, t.limits.Threads)
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		random.Shuffle(n, func(i, j int) { order[i], order[j] = order[j], order[i] })
		least, err := t.judgeEpoch(ctx, epoch, gradients)
		if err != nil {
			return err
		}
		if waited++; best-least > t.Float("early_stopping_tolerance")*math.Abs(best) || math.IsInf(best, 1) {
			waited = 0
		}
		if best = min(best, least); waited >= t.Int("early_stopping_patience") && t.slow() {
			waited = 0 // smaller steps may yet get further
		} else if waited >= t.Int("early_stopping_patience") {
			t.log(fmt.Sprintf("Early stop condition met. Stopping training after epoch %d.", epoch))
			break
		}
	}
	if math.IsInf(best, 1) {
		return learn.ClientErrorf("The training diverged: reduce learning_rate")
	}
	return nil
}

// learn sums up the gradients of some rows, in several parts.
func (t *trainer) learn(part []int, gradients []*gradient) {
	threads := len(gradients)
	if len(part)*t.models.columns*min(t.rows.Width, 100) < 1<<12 {
		threads = 1
	}
	learn.Together(threads, func(i int) {
		first, last := learn.Share(len(part), threads, i)
		for _, row := range part[first:last] {
			gradients[i].add(t.models, t.rows, row, t.weigh(t.rows.Labels[row]), t.loss)
		}
	})
}

// schedule gives the learning rate of the next step. By default it falls along half a cosine.
func (t *trainer) schedule(steps int) func(rate float32) float32 {
	if !t.Bool("use_lr_scheduler") {
		return func(rate float32) float32 { return rate }
	}
	if t.Auto("lr_scheduler_step") && t.Auto("lr_scheduler_factor") {
		return func(rate float32) float32 {
			done := min(1, float64(t.models.steps)/float64(steps))
			return rate * float32(math.Pow(0.1, float64(t.slowed))*max(1e-3, (1+math.Cos(math.Pi*done))/2))
		}
	}
	every, factor, least := max(1, t.Int("lr_scheduler_step")), t.number("lr_scheduler_factor", 0.99), t.number("lr_scheduler_minimum_lr", 1e-5)
	if t.Auto("lr_scheduler_step") {
		every = 100
	}
	return func(rate float32) float32 {
		return max(min(rate, float32(least)), rate*float32(math.Pow(factor, float64(t.models.steps/every))))
	}
}

// slow cuts the learning rate to a tenth, at most twice and only when its schedule is left to the algorithm.
func (t *trainer) slow() bool {
	if t.slowed == 2 || !t.Bool("use_lr_scheduler") || !t.Auto("lr_scheduler_step") || !t.Auto("lr_scheduler_factor") {
		return false
	}
	t.slowed++
	return true
}

// judgeEpoch measures the models after an epoch, and gives the least loss that any has.
func (t *trainer) judgeEpoch(ctx context.Context, epoch int, gradients []*gradient) (float64, error) {
	seen := 0.0
	for _, l := range t.rows.Labels {
		seen += float64(t.weigh(l))
	}
	trained := math.Inf(1)
	for k := range t.kept {
		sum := 0.0
		for _, g := range gradients {
			sum += g.losses[k]
			g.losses[k] = 0
		}
		trained = min(trained, sum/seen)
	}
	losses := make([][]float64, t.limits.Threads)
	learn.Together(len(losses), func(part int) {
		losses[part] = make([]float64, len(t.kept))
		scores := make([]float32, t.models.columns)
		first, last := learn.Share(t.judged.Len(), len(losses), part)
		for i := first; i < last && ctx.Err() == nil; i++ {
			t.models.score(t.judged, i, scores)
			w := float64(t.weigh(t.judged.Labels[i]))
			for k := range t.kept {
				losses[part][k] += w * t.loss(scores[k*t.outputs:(k+1)*t.outputs], t.judged.Labels[i])
			}
		}
	})
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	least := math.Inf(1)
	for k := range t.kept {
		sum := 0.0
		for _, part := range losses {
			sum += part[k]
		}
		if sum /= float64(t.judged.Len()); sum < t.kept[k].loss {
			t.kept[k].weights, t.kept[k].bias = t.models.column(k, t.outputs)
			t.kept[k].loss = sum
		}
		least = min(least, t.kept[k].loss)
	}
	t.log(fmt.Sprintf("#quality_metric: host=algo-1, epoch=%d, train %s_objective <loss>=%v", epoch, t.objective(), trained))
	if t.judge == "validation" {
		t.log(fmt.Sprintf("#quality_metric: host=algo-1, epoch=%d, validation %s_objective <loss>=%v", epoch, t.objective(), least))
	}
	return least, nil
}

// objective is how the log calls the loss.
func (t *trainer) objective() string {
	switch t.lossName {
	case "logistic":
		return "binary_classification_cross_entropy"
	case "softmax_loss":
		return "multiclass_cross_entropy"
	case "squared_loss":
		return "mse"
	case "absolute_loss":
		return "absolute_loss"
	}
	return t.lossName
}
