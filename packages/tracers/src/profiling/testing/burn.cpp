// Burns CPU time in a C++ method of a template in a namespace, so that its name has to be demangled.
#include <cstdlib>
#include <ctime>

namespace hive {

template <typename Value> class Comb {
public:
	__attribute__((noinline)) void fill(unsigned long rounds)
	{
		for (unsigned long i = 0; i < rounds; i++)
			cells = cells + static_cast<Value>(i * i);
	}

private:
	volatile Value cells = 0;
};

} // namespace hive

int main(int argc, char **argv)
{
	hive::Comb<unsigned long> comb;
	double seconds = argc > 1 ? std::atof(argv[1]) : 3;

	while (static_cast<double>(std::clock()) / CLOCKS_PER_SEC < seconds)
		comb.fill(1000000);
	return 0;
}
