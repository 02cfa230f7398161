package hosting

import "testing"

func TestPlace(t *testing.T) {
	f := func(each Room, want int, ok bool, copies ...Room) {
		t.Helper()
		if got, is := Place(each, copies); got != want || is != ok {
			t.Errorf("%v in %v: got %d, %v", copies, each, got, is)
		}
	}
	each := Room{4, 16384}
	f(each, 0, true)
	f(each, 1, true, Room{1, 1024}, Room{1, 1024}, Room{2, 14336})
	f(each, 2, true, Room{1, 1024}, Room{1, 1024}, Room{2, 14336}, Room{0.25, 128})
	f(each, 2, true, Room{1, 10000}, Room{1, 10000})
	f(each, 2, true, Room{0, 9000}, Room{0, 7000}, Room{0, 9000}, Room{0, 7000})
	f(each, 0, false, Room{5, 128})
	f(each, 0, false, Room{1, 20000})
}
