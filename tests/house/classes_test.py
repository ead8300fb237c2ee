"""The lexer of classes and the limit on their size, by examples."""

import unittest

from .classes import MOST_DATA_MEMBERS, MOST_METHODS, large_classes
from .cpp import classes


def _members(text):
    return {one.name: (len(one.methods), len(one.data)) for one in classes(text)}


class Lexer(unittest.TestCase):
    def test_methods_and_data_members_are_told_apart(self):
        self.assertEqual(_members("""
class One final : public Base {
 public:
  explicit One(int a) : a_(a), b_{a} { start(); }
  ~One() override;
  int a() const { return a_; }
  std::function<void(int)> changed;
  std::map<int, std::vector<int>> table_{{1, {2}}};
  friend auto operator<=>(const One&, const One&) = default;

 private:
  static Task<Result<void>> run(std::shared_ptr<One> self, int (*made)());
  template <class Other>
  requires std::is_enum_v<Other>
  void take(const Other& other);
  int a_, b_ = 2;  // two of them
  int (*made_)() = nullptr;
};"""), {"One": (5, 5)})

    def test_constants_aliases_friends_and_declarations_count_for_nothing(self):
        self.assertEqual(_members("""
struct One {
  static constexpr int most{5};
  static constexpr std::array types{f(1), 2};
  using Base::Base;
  enum class Kind { a, b };
  friend class Other;
  class Ahead;
  One() = default;
  One(const One&) = delete;
};"""), {"One": (0, 0)})

    def test_nested_structs_count_by_themselves(self):
        self.assertEqual(_members("struct A {\n  struct B {\n    int x;\n    int y;\n  } b;\n"
                                  "  struct C {\n    int z;\n  };\n};"),
                         {"A": (0, 1), "B": (0, 2), "C": (0, 1)})

    def test_comments_strings_and_template_parameters_are_no_classes(self):
        self.assertEqual(_members('// struct A {\nconst char* b = "struct B {";\ntemplate <class C> void f() {}\n'
                                  "enum class D { e };\n"), {})

    def test_a_block_of_requirements_is_no_method(self):
        self.assertEqual(_members("struct A {\n  template <class M>\n  requires requires(E& e, M& m) { M::f(e, m); }\n"
                                  "  void field(M& m) { f(m); }\n};"), {"A": (1, 0)})


class Size(unittest.TestCase):
    def _faults(self, methods, data, listed=()):
        text = "class A {\n" + "void f();\n" * methods + "int a;\n" * data + "};\n"
        return list(large_classes("a.hpp", text, listed))

    def test_a_class_at_the_limit_is_good(self):
        self.assertEqual(self._faults(MOST_METHODS, MOST_DATA_MEMBERS), [])

    def test_one_method_or_data_member_more_is_a_fault(self):
        self.assertEqual(self._faults(MOST_METHODS + 1, 0), ["a.hpp:1: A has 26 methods, at most 25"])
        self.assertEqual(self._faults(0, MOST_DATA_MEMBERS + 1), ["a.hpp:1: A has 13 data members, at most 12"])

    def test_a_listed_class_may_be_larger(self):
        self.assertEqual(self._faults(40, 40, {"a.hpp: A": "the reason"}), [])
