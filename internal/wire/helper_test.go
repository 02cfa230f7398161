package wire_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
)

func sha(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

func call(service, operation, account string) context.Context {
	return wire.WithCall(context.Background(), &wire.Call{Service: service, Operation: operation, Region: "us-east-1",
		Principal: authz.Principal{Account: account}})
}

func TestPage(t *testing.T) {
	ctx := call("iam", "ListRoles", "111122223333")
	var list []string
	for i := range 25 {
		list = append(list, "n"+strconv.Itoa(10+i))
	}
	same := func(s string) string { return s }
	var got []string
	var token *string
	for pages := 1; ; pages++ {
		page, next, err := wire.Page(ctx, list, same, 10, token)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, page...)
		if token = next; token == nil {
			if pages != 3 {
				t.Errorf("%d pages", pages)
			}
			break
		}
		if pages == 1 {
			for name, other := range map[string]context.Context{"operation": call("iam", "ListUsers", "111122223333"), "account": call("iam", "ListRoles", "444455556666")} {
				if _, _, err := wire.Page(other, list, same, 10, token); !errors.Is(err, wire.ErrPageToken) {
					t.Errorf("token of another %s: %v", name, err)
				}
			}
		}
	}
	if strings.Join(got, ",") != strings.Join(list, ",") {
		t.Errorf("got %v", got)
	}
	for _, bad := range []string{"x", "????", "AAAAAAAAAAAAAAAA"} {
		if _, err := wire.PagePosition(ctx, &bad); !errors.Is(err, wire.ErrPageToken) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

type tag struct{ k, v string }

func TestTags(t *testing.T) {
	pair := func(t tag) (*string, *string) { return &t.k, &t.v }
	many := make([]tag, wire.MaxTags+1)
	for i := range many {
		many[i] = tag{strconv.Itoa(i), ""}
	}
	for name, c := range map[string]struct {
		list  []tag
		fault wire.TagFault
	}{"twice": {[]tag{{"a", "1"}, {"a", "2"}}, wire.TagTwice}, "reserved": {[]tag{{"AWS:x", ""}}, wire.TagReserved},
		"empty": {[]tag{{"", "v"}}, wire.TagLength}, "long": {[]tag{{"k", strings.Repeat("ä", 257)}}, wire.TagLength}, "many": {many, wire.TagTooMany}} {
		var e *wire.TagError
		if _, err := wire.TagMap(c.list, pair); !errors.As(err, &e) || e.Fault != c.fault || e.Error() == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	has, err := wire.TagMap([]tag{{"b", "2"}, {"a", strings.Repeat("ä", 256)}}, pair)
	if err != nil {
		t.Fatal(err)
	}
	has, err = wire.AddTags(has, map[string]string{"a": "1", "c": "3"})
	if err != nil {
		t.Fatal(err)
	}
	list := wire.TagList(wire.RemoveTags(has, []string{"b"}), func(k, v string) tag { return tag{k, v} })
	if len(list) != 2 || list[0] != (tag{"a", "1"}) || list[1] != (tag{"c", "3"}) {
		t.Errorf("got %v", list)
	}
}

type made struct{ ID int }

func TestOnce(t *testing.T) {
	c := clock.At(time.Now().UTC())
	st, err := store.Open(t.Context(), store.Config{Dir: t.TempDir(), Clock: c})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	tokens := wire.NewTokens(st, c)
	count := 0
	do := func(ctx context.Context, token, in string) (out *made, err error) {
		err = st.Update(ctx, func(tx *store.Tx) error {
			out, err = wire.Once(ctx, tokens, tx, &token, in, func() (*made, error) {
				if in == "bad" {
					return nil, errors.New("bad")
				}
				count++
				return &made{count}, nil
			})
			return err
		})
		return out, err
	}
	ctx, other := call("sagemaker", "CreateModel", "1"), call("sagemaker", "CreateModel", "2")
	for i, step := range []struct {
		ctx       context.Context
		token, in string
		id        int
		err       error
	}{{ctx, "t", "a", 1, nil}, {ctx, "t", "a", 1, nil}, {ctx, "t", "b", 0, wire.ErrTokenReused}, {other, "t", "b", 2, nil}, {ctx, "", "a", 3, nil}, {ctx, "", "a", 4, nil}} {
		out, err := do(step.ctx, step.token, step.in)
		if !errors.Is(err, step.err) || step.err == nil && out.ID != step.id {
			t.Errorf("step %d: %v %v", i, out, err)
		}
	}
	if _, err := do(ctx, "u", "bad"); err == nil {
		t.Error("a failure was hidden")
	}
	if out, err := do(ctx, "u", "good"); err != nil || out.ID != 5 {
		t.Errorf("a failed call used its token up: %v %v", out, err)
	}
	c.Advance(wire.TokenLife + time.Second)
	if n, err := tokens.Expire(ctx); n != 3 || err != nil {
		t.Errorf("expired %d, %v", n, err)
	}
	if out, err := do(ctx, "t", "b"); err != nil || out.ID != 6 {
		t.Errorf("a token outlived its life: %v %v", out, err)
	}
}
