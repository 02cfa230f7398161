package llamacpp

import (
	"context"
	"slices"

	"github.com/hybridgroup/yzma/pkg/llama"

	"github.com/atelier-studio/atelier/internal/engines/models"
)

// job is what one request asks of the loop.
type job struct {
	tokens   []llama.Token
	sampling models.Sampling // MaxTokens is set
	grammar  string
}

// sequence is a request in the loop.
type sequence struct {
	job
	ctx     context.Context
	id      llama.SeqId
	sampler llama.Sampler
	read    int         // tokens of the prompt that were computed
	last    llama.Token // to be computed next, when the prompt is read
	written int
	row     int32 // of this step's batch whose logits are the sequence's, -1: none

	out  chan string // pieces of text, closed at the end
	stop models.Stop // valid when out is closed
	err  error       // likewise
}

// loop computes until quit is closed and nothing is left to do.
func (e *engine) loop() {
	slots := make([]*sequence, e.model.spec.Parallel)
	active := 0
	for {
		for active < len(slots) {
			s := e.next(active > 0)
			if s == nil && active == 0 {
				return
			}
			if s == nil {
				break
			}
			i := slices.Index(slots, nil)
			if e.admit(s, llama.SeqId(i)) {
				slots[i] = s
				active++
			}
		}
		e.step(slots)
		for i, s := range slots {
			if s != nil && (s.stop != "" || s.err != nil) {
				e.dismiss(s)
				slots[i] = nil
				active--
			}
		}
	}
}

// next takes a request that waits. It waits for one when there is nothing else to do; nil means that there is none.
func (e *engine) next(busy bool) *sequence {
	if busy {
		select {
		case s := <-e.queue:
			return s
		default:
			return nil
		}
	}
	select {
	case s := <-e.queue:
		return s
	case <-e.quit:
		return nil
	}
}

func (e *engine) admit(s *sequence, id llama.SeqId) bool {
	s.id = id
	if s.sampler = e.sampler(s.job); s.sampler == 0 {
		s.err = models.Errorf(models.Invalid, "The tools' schemas are not understood by the model.")
		close(s.out)
		return false
	}
	return true
}

func (e *engine) dismiss(s *sequence) {
	llama.SamplerFree(s.sampler)
	if _, err := llama.MemorySeqRm(e.memory, s.id, -1, -1); err != nil && s.err == nil {
		s.err = err
	}
	close(s.out)
}

// step computes one batch: a token of each answer, and what has room of the prompts.
func (e *engine) step(slots []*sequence) {
	_ = e.batch.Clear()
	for _, s := range slots {
		if s == nil {
			continue
		}
		s.row = -1
		if err := s.ctx.Err(); err != nil {
			s.err = err
			continue
		}
		if s.read == len(s.tokens) {
			s.row = e.batch.NTokens
			e.add(s, s.last, s.read+s.written-1, true)
		}
	}
	for _, s := range slots {
		for s != nil && s.err == nil && s.read < len(s.tokens) && e.batch.NTokens < batchTokens {
			last := s.read == len(s.tokens)-1
			if last {
				s.row = e.batch.NTokens
			}
			e.add(s, s.tokens[s.read], s.read, last)
			s.read++
		}
	}
	if e.batch.NTokens == 0 {
		return
	}
	if code, err := llama.Decode(e.ctx, e.batch); err != nil || code != 0 {
		for _, s := range slots {
			if s != nil && s.err == nil {
				s.err = models.Errorf(models.Broken, "The model failed to compute an answer (%d).", code)
			}
		}
		return
	}
	for _, s := range slots {
		if s != nil && s.err == nil && s.row >= 0 {
			e.write(s)
		}
	}
}

func (e *engine) add(s *sequence, t llama.Token, at int, logits bool) {
	if err := e.batch.Add(t, llama.Pos(at), []llama.SeqId{s.id}, logits); err != nil {
		s.err = err
	}
}

// write chooses the next token of an answer.
func (e *engine) write(s *sequence) {
	s.last = llama.SamplerSample(s.sampler, e.ctx, s.row)
	s.written++
	if llama.VocabIsEOG(e.vocab, s.last) {
		s.stop = models.EndTurn
		return
	}
	s.out <- e.piece(s.last)
	if s.written >= s.sampling.MaxTokens {
		s.stop = models.MaxTokens
	}
}

func (e *engine) piece(t llama.Token) string {
	buf := make([]byte, 64)
	n := llama.TokenToPiece(e.vocab, t, buf, 0, false)
	if n < 0 {
		buf = make([]byte, -n)
		n = llama.TokenToPiece(e.vocab, t, buf, 0, false)
	}
	return string(buf[:max(n, 0)])
}

// answer puts a job into the queue and writes what comes.
func (e *engine) answer(ctx context.Context, j job, w *writer) (models.Answer, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s := &sequence{job: j, ctx: ctx, out: make(chan string, j.sampling.MaxTokens+1)}
	select {
	case e.queue <- s:
	case <-ctx.Done():
		return models.Answer{}, ctx.Err()
	case <-e.done:
		return models.Answer{}, models.Errorf(models.Unavailable, "The server is stopping.")
	}
	n := 0
	for piece := range s.out {
		n++
		done, err := w.write(piece)
		if err != nil {
			cancel()
			for range s.out { // until the loop has let go of it
			}
			return models.Answer{}, err
		}
		if done {
			cancel()
			for range s.out {
			}
			s.err = nil
			break
		}
	}
	if s.err != nil {
		return models.Answer{}, s.err
	}
	return w.finish(s.stop, models.Usage{Input: len(j.tokens), Output: n})
}
