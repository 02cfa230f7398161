package identity

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"math/big"
	"strconv"
)

// The prefixes of unique ids.
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-prefixes
const (
	PrefixUser            = "AIDA"
	PrefixGroup           = "AGPA"
	PrefixRole            = "AROA"
	PrefixPolicy          = "ANPA"
	PrefixInstanceProfile = "AIPA"
	PrefixAccessKey       = "AKIA"
	PrefixTemporaryKey    = "ASIA"
)

var encoding = base32.StdEncoding.WithPadding(base32.NoPadding)

// NewID makes a unique id: the prefix and 16 base32 digits, that is 80 bits, of which 40 are the account's number and 39
// are random. The first bit is set, as it is in all ids that encode an account so.
func NewID(prefix, account string) string {
	var b [10]byte
	_, _ = rand.Read(b[:]) // never fails
	n, _ := strconv.ParseUint(account, 10, 40)
	head := 1<<47 | n<<7 | uint64(b[5]&0x7f)
	var buf [8]byte
	binary.BigEndian.PutUint64(buf[:], head)
	copy(b[:6], buf[2:])
	return prefix + encoding.EncodeToString(b[:])
}

// AccountOfKey reads the account out of an access key id or other unique id; ok is false when it has none in it.
func AccountOfKey(id string) (account string, ok bool) {
	if len(id) != 20 {
		return "", false
	}
	b, err := encoding.DecodeString(id[4:])
	if err != nil || b[0]&0x80 == 0 {
		return "", false
	}
	var buf [8]byte
	copy(buf[2:], b[:6])
	n := binary.BigEndian.Uint64(buf[:]) & 0x7fffffffff80 >> 7
	if n > 999999999999 {
		return "", false
	}
	return fmt.Sprintf("%012d", n), true
}

// newAccountID makes a 12-digit account id that does not begin with zero.
func newAccountID() string {
	n, err := rand.Int(rand.Reader, big.NewInt(900_000_000_000))
	if err != nil {
		panic(err) // the system's random source is gone
	}
	return strconv.FormatInt(n.Int64()+100_000_000_000, 10)
}

const (
	lowerDigits  = "abcdefghijklmnopqrstuvwxyz0123456789"
	secretDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
)

// RandomID makes n random lower-case letters and digits, as the ids of Organizations have.
func RandomID(n int) string { return random(lowerDigits, n) }

// newSecret makes the secret of an access key: 40 characters, 240 bits.
func newSecret() string { return random(secretDigits, 40) }

func random(alphabet string, n int) string {
	out := make([]byte, 0, n)
	var b [64]byte
	limit := byte(256 / len(alphabet) * len(alphabet) % 256) // 0: every byte fits
	for len(out) < n {
		_, _ = rand.Read(b[:])
		for _, c := range b {
			if (limit == 0 || c < limit) && len(out) < n {
				out = append(out, alphabet[int(c)%len(alphabet)])
			}
		}
	}
	return string(out)
}
