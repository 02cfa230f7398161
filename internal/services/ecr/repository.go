package ecr

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/google/uuid"
)

// repository is one repository. Its images, tags and layers are kept under ID.
type repository struct {
	ID         string
	Created    time.Time
	Mutability types.ImageTagMutability
	Exclusions []types.ImageTagMutabilityExclusionFilter `json:",omitempty"`
	ScanOnPush bool                                      `json:",omitempty"`
	Encryption types.EncryptionConfiguration
	Policy     string            `json:",omitempty"`
	Lifecycle  string            `json:",omitempty"`
	Evaluated  time.Time         // of the lifecycle policy
	Tags       map[string]string `json:",omitempty"`
}

func (r repository) row(k store.Key, id string) store.Key {
	return store.Key{Account: k.Account, Region: k.Region, ID: r.ID + "/" + id}
}

func (r repository) all(k store.Key) store.Range {
	return store.Range{Account: k.Account, Region: k.Region, Prefix: r.ID + "/"}
}

func repositoryARN(k store.Key) string {
	return arn.New("ecr", k.Region, k.Account, "repository/"+k.ID)
}

// in is the key of a repository in a registry; the caller's when none is named.
func in(ctx context.Context, registry, name *string) store.Key {
	call := wire.CallOf(ctx)
	k := store.Key{Account: call.Account(), Region: call.Region, ID: aws.ToString(name)}
	if registry != nil {
		k.Account = *registry
	}
	return k
}

// find reads a repository from memory.
func (s *Service) find(ctx context.Context, k store.Key) (r repository, err error) {
	ok := false
	if err = s.image.Read(ctx, func() { r, ok = s.repositories.Rows()[k] }); err == nil && !ok {
		err = noRepository(k)
	}
	return r, err
}

// standing reads a repository in a transaction.
func (s *Service) standing(tx *store.Tx, k store.Key) (repository, error) {
	r, err := s.repositories.Get(tx, k)
	if absent(err) {
		err = noRepository(k)
	}
	return r, err
}

// change reads, changes and writes a repository.
func (s *Service) change(ctx context.Context, k store.Key, f func(tx *store.Tx, r *repository) error) error {
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		r, err := s.standing(tx, k)
		if err != nil {
			return err
		}
		if err := f(tx, &r); err != nil {
			return err
		}
		return s.repositories.Put(tx, k, r)
	})
}

// on names a repository, with its policy and tags, for authorization.
func (s *Service) on(ctx context.Context, registry, name *string) ([]wire.Target, error) {
	t, err := s.target(ctx, in(ctx, registry, name))
	return []wire.Target{t}, err
}

func (s *Service) target(ctx context.Context, k store.Key) (t wire.Target, err error) {
	t = wire.Target{Resource: repositoryARN(k), Account: k.Account}
	r, err := s.find(ctx, k)
	var none *types.RepositoryNotFoundException
	if errors.As(err, &none) {
		return t, nil // that it is not there only those are told who may ask
	}
	if err != nil {
		return t, err
	}
	for name, value := range r.Tags {
		if t.Context == nil {
			t.Context = authz.Context{}
		}
		t.Context["aws:ResourceTag/"+name] = []string{value}
		t.Context["ecr:ResourceTag/"+name] = []string{value}
	}
	t.Policy, err = s.policy(k, r)
	return t, err
}

// uri is what images of a repository are called by: the name under which the server is called, and the account when it is another's.
func uri(ctx context.Context, k store.Key) string {
	call := wire.CallOf(ctx)
	host := registryHost(k.Account, k.Region)
	if local(call.Host) {
		if host = call.Host; k.Account != call.Account() {
			host += "/" + k.Account
		}
	}
	return host + "/" + k.ID
}

func registryHost(account, region string) string {
	return account + ".dkr.ecr." + region + ".amazonaws.com"
}

// local tells whether a host is none of AWS's, nor the server's own within itself.
func local(host string) bool {
	return !strings.HasSuffix(host, ".amazonaws.com") && host != "atelier.internal"
}

func (r repository) shown(ctx context.Context, k store.Key) *types.Repository {
	return &types.Repository{RepositoryName: &k.ID, RepositoryArn: aws.String(repositoryARN(k)), RegistryId: &k.Account, RepositoryUri: aws.String(uri(ctx, k)),
		CreatedAt: &r.Created, ImageTagMutability: r.Mutability, ImageTagMutabilityExclusionFilters: r.Exclusions, EncryptionConfiguration: &r.Encryption,
		ImageScanningConfiguration: &types.ImageScanningConfiguration{ScanOnPush: r.ScanOnPush}}
}

// CreateRepository makes a repository.
// Source: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html
func (s *Service) CreateRepository(ctx context.Context, input *ecr.CreateRepositoryInput) (*ecr.CreateRepositoryOutput, error) {
	k := in(ctx, input.RegistryId, input.RepositoryName)
	tags, err := tagMap(input.Tags)
	if err != nil {
		return nil, err
	}
	r := repository{ID: uuid.NewString(), Created: s.Clock.Now(), Mutability: input.ImageTagMutability, Exclusions: input.ImageTagMutabilityExclusionFilters,
		Encryption: types.EncryptionConfiguration{EncryptionType: types.EncryptionTypeAes256}, Tags: tags}
	if r.Mutability == "" {
		r.Mutability = types.ImageTagMutabilityMutable
	}
	if err := checkExclusions(r.Mutability, r.Exclusions); err != nil {
		return nil, err
	}
	if input.EncryptionConfiguration != nil {
		r.Encryption = *input.EncryptionConfiguration
	}
	if c := input.ImageScanningConfiguration; c != nil {
		r.ScanOnPush = c.ScanOnPush
	}
	err = s.Store.Update(ctx, func(tx *store.Tx) error { return s.repositories.Insert(tx, k, r) })
	if errors.Is(err, store.ErrExists) {
		return nil, &types.RepositoryAlreadyExistsException{Message: aws.String("The repository with name '" + k.ID + "' already exists in the registry with id '" + k.Account + "'")}
	}
	if err != nil {
		return nil, err
	}
	return &ecr.CreateRepositoryOutput{Repository: r.shown(ctx, k)}, nil
}

func (s *Service) createRepositoryTargets(ctx context.Context, input *ecr.CreateRepositoryInput) ([]wire.Target, error) {
	return s.on(ctx, input.RegistryId, input.RepositoryName)
}

// DeleteRepository removes a repository; one with images only when it is forced.
func (s *Service) DeleteRepository(ctx context.Context, input *ecr.DeleteRepositoryInput) (*ecr.DeleteRepositoryOutput, error) {
	k := in(ctx, input.RegistryId, input.RepositoryName)
	var r repository
	err := s.Store.Update(ctx, func(tx *store.Tx) (err error) {
		if r, err = s.standing(tx, k); err != nil {
			return err
		}
		if n, err := s.images.Count(tx, r.all(k)); err != nil {
			return err
		} else if n > 0 && !input.Force {
			return &types.RepositoryNotEmptyException{Message: aws.String("The repository with name '" + k.ID + "' in registry with id '" + k.Account + "' cannot be deleted because it still contains images")}
		}
		if _, err := tx.Enqueue(forgetJob, forgotten{k, r.ID}); err != nil {
			return err
		}
		return s.repositories.Delete(tx, k)
	})
	if err != nil {
		return nil, err
	}
	return &ecr.DeleteRepositoryOutput{Repository: r.shown(ctx, k)}, nil
}

func (s *Service) deleteRepositoryTargets(ctx context.Context, input *ecr.DeleteRepositoryInput) ([]wire.Target, error) {
	return s.on(ctx, input.RegistryId, input.RepositoryName)
}

type listed struct {
	key store.Key
	repository
}

// list gives the repositories of a registry in order of name.
func (s *Service) list(ctx context.Context, at store.Key) (out []listed, err error) {
	err = s.image.Read(ctx, func() {
		for k, r := range s.repositories.Rows() {
			if k.Account == at.Account && k.Region == at.Region {
				out = append(out, listed{k, r})
			}
		}
	})
	slices.SortFunc(out, func(a, b listed) int { return cmp.Compare(a.key.ID, b.key.ID) })
	return out, err
}

// page cuts a list in order of key.
func page[T any](ctx context.Context, list []T, key func(T) string, limit *int32, token *string) ([]T, *string, error) {
	size := 100
	if limit != nil {
		size = int(*limit)
	}
	out, next, err := wire.Page(ctx, list, key, size, token)
	if err != nil {
		return nil, nil, invalid("nextToken' failed to satisfy constraint: 'Invalid or expired token'")
	}
	return append([]T{}, out...), next, nil
}

// DescribeRepositories lists repositories, or tells of those that are named.
func (s *Service) DescribeRepositories(ctx context.Context, input *ecr.DescribeRepositoriesInput) (*ecr.DescribeRepositoriesOutput, error) {
	out := &ecr.DescribeRepositoriesOutput{Repositories: []types.Repository{}}
	if len(input.RepositoryNames) > 0 {
		for _, name := range input.RepositoryNames {
			k := in(ctx, input.RegistryId, &name)
			r, err := s.find(ctx, k)
			if err != nil {
				return nil, err
			}
			out.Repositories = append(out.Repositories, *r.shown(ctx, k))
		}
		return out, nil
	}
	list, err := s.list(ctx, in(ctx, input.RegistryId, nil))
	if err != nil {
		return nil, err
	}
	list, out.NextToken, err = page(ctx, list, func(l listed) string { return l.key.ID }, input.MaxResults, input.NextToken)
	for _, l := range list {
		out.Repositories = append(out.Repositories, *l.shown(ctx, l.key))
	}
	return out, err
}

func (s *Service) describeRepositoriesTargets(ctx context.Context, input *ecr.DescribeRepositoriesInput) (all []wire.Target, err error) {
	names := input.RepositoryNames
	if len(names) == 0 {
		k := in(ctx, input.RegistryId, aws.String("*"))
		return []wire.Target{{Resource: repositoryARN(k), Account: k.Account}}, nil
	}
	for _, name := range names {
		list, err := s.on(ctx, input.RegistryId, &name)
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}
	return all, nil
}
