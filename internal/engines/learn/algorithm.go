package learn

import (
	"context"
	"io"
)

// Algorithm is a built-in algorithm. It may be used by several callers at once.
type Algorithm interface {
	// Name is the algorithm's name in image names and guides, such as "linear-learner".
	Name() string

	// Validate checks hyperparameters before anything runs. It fails with a *ClientError, in the words of the algorithm's container.
	Validate(hyperparameters map[string]string) error

	// Train reads the channels and writes the model into modelDir, which must exist. Lines of the log go to log, which may be nil,
	// one call at a time. It stops when ctx does. What is wrong with the data is a *ClientError.
	Train(ctx context.Context, channels Channels, hyperparameters map[string]string, log Log, modelDir string) error

	// Load reads a model that Train, or the program whose format it is, has written. Of the container's environment it knows the
	// variables that AWS documents for the algorithm; nil will do.
	Load(modelDir string, environment map[string]string) (Model, error)

	// Metrics tells how the log's metrics are found, in the order in which AWS lists them.
	Metrics() []Metric
}

// Model answers requests. It may be used by several callers at once.
type Model interface {
	// Answers gives the content type of the answer to a request of a content type, with an Accept header. It fails with a
	// *RequestError of status 415 or 406.
	Answers(contentType, accept string) (string, error)

	// Predict reads one request and writes one answer. Nothing is written when it fails; a *RequestError says whose fault it was.
	Predict(ctx context.Context, contentType, accept string, in io.Reader, out io.Writer) error

	// Size is about how much memory the model takes, in bytes.
	Size() int64
}

// Channels are the inputs of a training by name: "train" and, where an algorithm knows them, "validation" and "test".
type Channels map[string]Channel

// Channel is one input of a training.
type Channel struct {
	Dir         string // every regular file below it is read, in the order of their paths
	ContentType string // as given, such as "text/csv;label_size=1"; the algorithm's default when empty
}

// Log takes a line without its end.
type Log func(line string)

// Metric is how one metric is found in the log: the first group of the regular expression is its value.
// https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_MetricDefinition.html
type Metric struct{ Name, Regex string }

// Limits bound what a caller can make an algorithm do.
type Limits struct {
	Body    int64 // bytes of a request; 100 MiB when 0, what a batch transform sends at most
	Memory  int64 // bytes that a training or a model may take, about; 4 GiB when 0
	Threads int   // at once in one training or one large request; the number of processors when 0
}
