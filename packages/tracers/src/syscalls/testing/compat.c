/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A 64-bit program that makes 32-bit calls, by int 0x80: 100 of getpid (20), and 10 of close (6) of what isn't open.
 * 64-bit calls with the same numbers would be writev and lstat.
 */
static long call_32(long number, long argument)
{
	long result;

	__asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(argument) : "memory", "r8", "r9", "r10", "r11");
	return result;
}

int main(void)
{
	for (int i = 0; i < 100; i++)
		call_32(20, 0);
	for (int i = 0; i < 10; i++)
		call_32(6, 999);
	return 0;
}
