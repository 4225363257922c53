#include "textflag.h"
#include "go_asm.h"

// LOAD loads 16 channels, and LOAD16 those in bfloat16. The channels are those of register n of a row.
#define LOAD(row, n, z) \
	VMOVUPS (64*n)(row), z

#define LOAD16(row, n, z) \
	VPMOVZXWD (32*n)(row), z \
	VPSLLD    $16, z, z

// ADD adds 16 channels of a to a sum.
#define ADD(READ, READB, a, b, n, sum, x, y) \
	READ(a, n, x)      \
	VADDPS x, sum, sum

// ADDPRODUCT adds the products of 16 channels of a and b to a sum.
#define ADDPRODUCT(READ, READB, a, b, n, sum, x, y) \
	READ(a, n, x)         \
	READB(b, n, y)        \
	VFMADD231PS x, y, sum

// SUM sums up rows, each fourth one in registers of its own: those are more additions at once than one after the other.
#define SUM(WHAT, READ, READB) \
	MOVQ   s+0(FP), DI               \
	MOVQ   columnSum_a(DI), SI       \
	MOVQ   columnSum_b(DI), BX       \
	MOVQ   columnSum_rows(DI), CX    \
	MOVQ   columnSum_strideA(DI), DX  \
	MOVQ   columnSum_to(DI), AX      \
	LEAQ   (SI)(DX*1), R8            \
	LEAQ   (SI)(DX*2), R9            \
	LEAQ   (R8)(DX*2), R10           \
	MOVQ   columnSum_strideB(DI), DI           \
	LEAQ   (BX)(DI*1), R11           \
	LEAQ   (BX)(DI*2), R12           \
	LEAQ   (R11)(DI*2), R13          \
	SHLQ   $2, DX                    \
	SHLQ   $2, DI                    \
	VPXORQ Z0, Z0, Z0                \
	VPXORQ Z1, Z1, Z1                \
	VPXORQ Z2, Z2, Z2                \
	VPXORQ Z3, Z3, Z3                \
	VPXORQ Z4, Z4, Z4                \
	VPXORQ Z5, Z5, Z5                \
	VPXORQ Z6, Z6, Z6                \
	VPXORQ Z7, Z7, Z7                \
rows:                                \
	WHAT(READ, READB, SI, BX, 0, Z0, Z8, Z9)     \
	WHAT(READ, READB, SI, BX, 1, Z1, Z10, Z11)   \
	WHAT(READ, READB, R8, R11, 0, Z2, Z12, Z13)  \
	WHAT(READ, READB, R8, R11, 1, Z3, Z14, Z15)  \
	WHAT(READ, READB, R9, R12, 0, Z4, Z8, Z9)    \
	WHAT(READ, READB, R9, R12, 1, Z5, Z10, Z11)  \
	WHAT(READ, READB, R10, R13, 0, Z6, Z12, Z13) \
	WHAT(READ, READB, R10, R13, 1, Z7, Z14, Z15) \
	ADDQ   DX, SI                    \
	ADDQ   DX, R8                    \
	ADDQ   DX, R9                    \
	ADDQ   DX, R10                   \
	ADDQ   DI, BX                    \
	ADDQ   DI, R11                   \
	ADDQ   DI, R12                   \
	ADDQ   DI, R13                   \
	SUBQ   $4, CX                    \
	JNZ    rows                      \
	VADDPS Z0, Z2, Z0                \
	VADDPS Z1, Z3, Z1                \
	VADDPS Z4, Z6, Z4                \
	VADDPS Z5, Z7, Z5                \
	VADDPS Z0, Z4, Z0                \
	VADDPS Z1, Z5, Z1                \
	VMOVUPS Z0, (AX)                 \
	VMOVUPS Z1, 64(AX)               \
	VZEROUPPER                       \
	RET

// func sumFloats(s *columnSum)
TEXT ·sumFloats(SB), NOSPLIT, $0-8
	SUM(ADD, LOAD, LOAD)

// func sumProducts(s *columnSum)
TEXT ·sumProducts(SB), NOSPLIT, $0-8
	SUM(ADDPRODUCT, LOAD, LOAD)

// func sumRounded(s *columnSum)
TEXT ·sumRounded(SB), NOSPLIT, $0-8
	SUM(ADD, LOAD16, LOAD16)

// func sumRoundedProducts(s *columnSum)
TEXT ·sumRoundedProducts(SB), NOSPLIT, $0-8
	SUM(ADDPRODUCT, LOAD16, LOAD16)

// func sumMixedProducts(s *columnSum)
TEXT ·sumMixedProducts(SB), NOSPLIT, $0-8
	SUM(ADDPRODUCT, LOAD, LOAD16)
